"""`pointsman conformance`: recorded deliveries and stubs of helpdesks, checked offline."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.options import AsJson
from cli.output import Output

if TYPE_CHECKING:
    from core.settings import Settings
    from helpdesks.conformance.checks import Deliver

EXAMPLE = "Example: pointsman conformance --json"


def command(as_json: AsJson = False) -> None:
    """Check that helpdesks are understood and written to as they should be.

    It makes a database of its own, speaks with nobody outside, and leaves nothing behind.
    """
    import tempfile
    from dataclasses import asdict
    from pathlib import Path

    import typer
    from pydantic import SecretStr

    from core.settings import Settings
    from helpdesks.conformance.checks import run
    from migrations.upgrade import upgrade
    from store.embedded import embedded_postgres
    from store.engine import make_engine

    output = Output(as_json=as_json)
    with tempfile.TemporaryDirectory(prefix="pointsman-conformance-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # for the user that PostgreSQL runs as
        with embedded_postgres(folder / "postgres") as url:
            engine = make_engine(url, pool_size=4, statement_timeout_s=30)
            upgrade(engine, months_ahead=1)
            settings = Settings(
                database_url=SecretStr(url), redis_url=SecretStr(_NO_REDIS), state_dir=folder
            )
            with _intake(settings) as deliver:
                checks = list(run(engine, deliver))
            engine.dispose()
    for check in checks:
        output.say(f"{'passed' if check.passed else 'FAILED'}  {check.name}")
        if check.why:
            output.say(f"        {check.why}")
    failed = sum(not check.passed for check in checks)
    output.say(f"{len(checks) - failed} passed, {failed} failed.")
    told = {"passed": len(checks) - failed, "failed": failed}
    output.result({**told, "checks": [asdict(check) for check in checks]})
    if failed:
        raise typer.Exit(1)


_NO_REDIS = "redis://127.0.0.1:1/0"  # intake does without


@contextmanager
def _intake(settings: "Settings") -> Iterator["Deliver"]:
    """The door of the whole application, without a server."""
    from typing import Any

    import httpx2
    from anyio.from_thread import start_blocking_portal

    from web.app import make_app

    app = make_app(settings)

    async def send(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as client:
            answer = await client.post(path, headers=dict(headers), content=body)
        return answer.status_code, answer.json()

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield lambda path, headers, body: portal.call(send, path, headers, body)
