"""The demo, step by step; each step can be read as a sentence."""

import http.client
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection

from classifier.artifacts import Artifact
from classifier.key_files import owners_keys
from classifier.signing import use_keys
from cli.demo.past import edit_rules, tell_training, work_a_shift
from cli.demo.plan import Plan, make_plan, pick_tickets, suits
from cli.demo.round import Summary, close_books, send_and_watch, summary_lines
from cli.demo.stage import Stage
from cli.demo.training import Training, training
from cli.output import Output
from cli.running.instance import devices, instance, programs
from cli.running.processes import TRAINER
from cli.running.services import bring_to_newest_schema, engine_for
from cli.running.state import locked
from cli.tickets import importing
from core.errors import Invalid, Transient
from core.history.mapping import HistoryMapping
from core.redaction import redactor
from core.settings import Settings
from core.types import Role, Rung, Ticket
from router.parse import parse_ruleset
from router.ruleset import ruleset_object
from store.access import people
from store.engine import transaction
from store.models import model_versions
from store.queue.workers import Worker, workers
from store.rules import rulesets, taxonomy

ACTOR = "demo"
GUEST = "guest"
HISTORY = "demo-history"
HELD_OUT = "held_out.json"
_PARTS = frozenset({"web", "worker", "deliver", "beat"})
_TICK_S = 0.1
_READY_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for: data instead of the samples, how many tickets, and not to stay up."""

    data: Path | None
    tickets: int
    leave: bool


def tell(wish: Wish, settings: Settings, output: Output) -> Summary:
    """Tells the whole story; KeyboardInterrupt ends it anywhere and leaves nothing behind.

    Raises:
        StateLocked: another instance runs on this state folder.
        Invalid: the data cannot be used.
        Transient: a service or a process did not start.
        Permanent: the training failed.
    """
    with ExitStack() as stack:
        stack.enter_context(locked(settings.state_dir))
        use_keys(owners_keys(settings))
        plan = make_plan(wish.data)
        settings = settings.model_copy(update={"console_guest": settings.console_guest or GUEST})
        model = stack.enter_context(training(plan, settings, output))
        stage = set_stage(plan, settings, output, stack)
        seed(stage)
        remember(stage)
        start_processes(stage)
        artifact = wait_for_training(stage, model)
        activate(stage, artifact)
        wait_for_worker(stage, artifact)
        played = send_and_watch(stage, choose_tickets(stage, wish, artifact))
        summary = close_books(stage, played, artifact)
        tell_summary(stage, summary)
        if not wish.leave:
            work_a_shift(stage, played)
            stay(stage)
    return summary


def set_stage(plan: Plan, settings: Settings, output: Output, stack: ExitStack) -> Stage:
    """Services that run, with the newest schema."""
    running = stack.enter_context(instance(settings, web=True))
    url = running.services.database_url
    bring_to_newest_schema(settings, url)
    engine = stack.enter_context(engine_for(settings, url))
    return Stage(plan=plan, settings=settings, instance=running, engine=engine, output=output)


def seed(stage: Stage) -> None:
    """Labels, departments, rules and a guest; rules that suit the data stay as they are."""
    plan = stage.plan

    def work(connection: Connection) -> int | None:
        taxonomy.add_labels(connection, plan.labels)
        taxonomy.add_departments(connection, plan.departments)
        people.ensure(connection, name=stage.settings.console_guest, role=Role.ADMIN, actor=ACTOR)
        active = rulesets.active(connection)
        if active is not None and suits(parse_ruleset(active.document), plan):
            return None
        note = f"for {plan.data.name}"
        rulesets.save(connection, ruleset_object(plan.ruleset), author=ACTOR, note=note)
        edit_rules(connection, plan.ruleset)
        return rulesets.active_version(connection)

    version = transaction(stage.engine, work)
    rules = f"revision {version}" if version else "as they were"
    stage.output.say(
        f"Helpdesk: {len(plan.labels)} labels, {len(plan.departments)} departments, rules {rules}"
    )


def remember(stage: Stage) -> None:
    """The file as a helpdesk's labelled past, from which later models learn as the first does."""
    wish = importing.Wish(
        path=stage.plan.data,
        name=None,
        source=HISTORY,
        format=None,
        mapping=HistoryMapping(),
        refusals=None,
        redact=redactor(stage.settings),
        by=ACTOR,
    )
    importing.import_file(stage.engine, wish, report=_say_nothing, advance=_say_no_number)


def start_processes(stage: Stage) -> None:
    """Web, worker and beat; the worker has keywords to go by until the model is there."""
    for program in programs(_PARTS, devices(stage.settings.device), workers=1):
        stage.instance.supervisor.start(program)
    stage.output.say(f"Console: {stage.instance.console_url}")


def wait_for_training(stage: Stage, model: Training) -> Artifact:
    """The trained model.

    Raises:
        Permanent: the training failed.
    """
    while not model.is_over:
        stage.tick()
        time.sleep(_TICK_S)
    return model.result()


def activate(stage: Stage, artifact: Artifact) -> None:
    """Makes the model the one that serves; workers follow by themselves."""

    def work(connection: Connection) -> None:
        model_versions.register(
            connection,
            version=artifact.version,
            path=artifact.path,
            labels=artifact.labels,
            metrics=artifact.read_json("metrics.json"),
        )
        model_versions.activate(connection, artifact.version, actor=ACTOR)
        tell_training(connection, artifact, by=ACTOR)

    transaction(stage.engine, work)


def wait_for_worker(stage: Stage, artifact: Artifact) -> None:
    """Until a worker serves the model and the console answers.

    Raises:
        Transient: that did not happen within two minutes; the logs say why.
    """
    deadline = time.monotonic() + _READY_S
    while not (_serves(stage, artifact) and _answers(stage.instance.console_url)):
        if time.monotonic() > deadline:
            logs = stage.settings.state_dir / "logs"
            raise Transient(f"no worker serves the model, or no console answers; see {logs}")
        stage.tick()
        time.sleep(_TICK_S)


def choose_tickets(stage: Stage, wish: Wish, artifact: Artifact) -> list[Ticket]:
    """Tickets that the model has not learned from, then others if these are too few."""
    unseen = frozenset(artifact.read_json(HELD_OUT))
    tickets = pick_tickets(stage.plan.data, most=wish.tickets, first=unseen)
    if len(tickets) < wish.tickets:
        stage.output.say(f"{stage.plan.data.name} has no more than {len(tickets)} tickets.")
    return tickets


def tell_summary(stage: Stage, summary: Summary) -> None:
    """The summary, for people or as JSON."""
    for line in summary_lines(summary):
        stage.output.say(line)
    stage.output.result(summary.as_object())


def stay(stage: Stage) -> None:
    """Keeps everything up until Ctrl-C, with a trainer that waits for corrections.

    Raises:
        Transient: every process was stopped from outside.
    """
    stage.instance.supervisor.start(TRAINER)
    stage.output.say(f"Console: {stage.instance.console_url} (Ctrl-C stops everything)")
    try:
        while stage.instance.supervisor.any_left:
            stage.tick()
            time.sleep(_TICK_S)
    except KeyboardInterrupt:
        return
    raise Transient("every process was stopped from outside")


def _say_nothing(_line: int, _error: Invalid) -> None:
    """Lines that are no tickets are the training's to complain about."""


def _say_no_number(_rows: int) -> None:
    """How far it is matters to nobody while a model trains."""


def _serves(stage: Stage, artifact: Artifact) -> bool:
    def has_model(worker: Worker) -> bool:
        said = worker.report
        on_network = said.rung in (Rung.MODEL, Rung.MODEL_CPU)
        return worker.alive and on_network and said.model_version == artifact.version

    return any(map(has_model, transaction(stage.engine, workers)))


def _answers(url: str) -> bool:
    """Whether the web process is there; asked directly, whatever proxy is configured."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
