"""A running instance: services, the processes around them, and where its console answers.

`up` and `demo` are the two ways to have one.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from classifier.key_files import owners_keys
from classifier.signing import use_keys
from cli.output import Output
from cli.running.log_tail import LogTail
from cli.running.ports import choose_port, reachable
from cli.running.processes import (
    BEAT,
    DELIVER,
    TRAINER,
    WEB,
    Program,
    Supervisor,
    child_environment,
    worker,
)
from cli.running.services import Services, bring_to_newest_schema, engine_for, own_services
from cli.running.state import announced, locked
from core.errors import Invalid, Transient
from core.settings import Settings

_TICK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Services that answer, and the supervisor of the processes that use them.

    `console_url` is empty without a web process.
    """

    services: Services
    supervisor: Supervisor
    console_url: str


@contextmanager
def instance(settings: Settings, *, web: bool) -> Iterator[Instance]:
    """Starts what services have to be started; the caller owns the state folder.

    When the context ends, the processes are stopped first and the services after them.

    Args:
        settings: which services are configured, and where the web process is to answer.
        web: whether there will be one.

    Raises:
        Invalid: the port that was asked for is taken.
        Transient: an embedded server did not start.
    """
    use_keys(owners_keys(settings))
    with own_services(settings) as found, ExitStack() as stack:
        port = choose_port(settings) if web else settings.http_port
        console_url = f"http://{reachable(settings.http_host)}:{port}" if web else ""
        supervisor = Supervisor(
            environment=child_environment(
                settings,
                database_url=found.database_url,
                redis_url=found.redis_url,
                http_port=port,
            ),
            logs=settings.state_dir / "logs",
        )
        stack.callback(supervisor.stop)
        stack.enter_context(
            announced(
                settings.state_dir,
                database_url=found.database_url,
                redis_url=found.redis_url,
                console_url=console_url or None,
            )
        )
        yield Instance(services=found, supervisor=supervisor, console_url=console_url)


def run_until_stopped(
    settings: Settings, parts: frozenset[str], *, workers: int, output: Output
) -> None:
    """Runs the processes named in `parts`, prints what they log, and keeps them up.

    Args:
        settings: `device` says where workers run.
        parts: any of web, worker, trainer, deliver and beat.
        workers: on each device.
        output: gets the logs as words and the console's address as the result.

    Raises:
        StateLocked: another instance runs on this state folder.
        Invalid: the configured database is not at the newest schema.
        Transient: a service did not start, or every process was stopped from outside.
    """
    with locked(settings.state_dir), instance(settings, web="web" in parts) as running:
        _have_newest_schema(settings, running.services.database_url)
        staff = programs(parts, devices(settings.device), workers)
        tail = LogTail({program.name: running.supervisor.log_path(program) for program in staff})
        for program in staff:
            running.supervisor.start(program)
        output.say(f"Console: {running.console_url or 'none'}")
        output.result(
            {"console_url": running.console_url or None, "state_dir": str(settings.state_dir)}
        )
        watch(running.supervisor, tail, output)


def watch(supervisor: Supervisor, tail: LogTail, output: Output) -> None:
    """Prints what the processes log, and keeps them up, while any is left.

    Raises:
        Transient: every process was stopped from outside.
    """
    while supervisor.any_left:
        for line in [*supervisor.tick(), *tail.new_lines()]:
            output.say(line)
        time.sleep(_TICK_S)
    raise Transient("every process was stopped from outside")


def programs(parts: frozenset[str], devices: tuple[str, ...], workers: int) -> list[Program]:
    """What to run, in the order in which to start it."""
    seats = [device for device in devices for _ in range(workers)]
    staff = [worker(number, device) for number, device in enumerate(seats, start=1)]
    return (
        ([WEB] if "web" in parts else [])
        + (staff if "worker" in parts else [])
        + ([TRAINER] if "trainer" in parts else [])
        + ([DELIVER] if "deliver" in parts else [])
        + ([BEAT] if "beat" in parts else [])
    )


def devices(setting: str) -> tuple[str, ...]:
    """The devices to run workers on; `all` is every GPU here.

    Raises:
        Invalid: `all` was asked for and there is no GPU.
    """
    if setting != "all":
        return (setting,)
    import torch  # counting does not touch the devices

    gpus = tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
    if not gpus:
        raise Invalid("--device", "all asks for GPUs and none is here", "use auto or cpu")
    return gpus


def _have_newest_schema(settings: Settings, url: str) -> None:
    if settings.database_url is None:
        bring_to_newest_schema(settings, url)
        return
    from migrations.upgrade import current_and_head

    with engine_for(settings, url) as engine:
        current, head = current_and_head(engine)
    if current != head:
        fix = "run `pointsman migrate`"
        raise Invalid("POINTSMAN_DATABASE_URL", f"is at schema {current}, not {head}", fix)
