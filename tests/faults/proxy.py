"""A network that can be slow, deaf in one direction, cut, or led elsewhere: a TCP proxy."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import make_url

Place: TypeAlias = tuple[str, int] | Path
"""Host and port, or a Unix socket."""
_CHUNK_BYTES = 65_536
_STOP_S = 10


class Proxy:
    """Listens on a port of its own and passes on what comes, both ways.

    Args:
        target: where to.
        slice_bytes: most bytes passed on at once; 0 for whatever came.

    Attributes:
        delay_s: how long each piece is held back.
        deaf: directions (`up` to the target, `down` to the client) in which all is swallowed, while
            both ends take the connection for alive.
        closed: whether new connections are cut at once.
    """

    def __init__(self, target: Place, *, slice_bytes: int = 0) -> None:
        self.target = target
        self.delay_s = 0.0
        self.deaf: set[str] = set()
        self.closed = False
        self.port = 0
        self._slice_bytes = slice_bytes
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._listen_no_more())
        self.cut()
        self._do(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_S)
        self._loop.close()

    async def _listen_no_more(self) -> None:
        self._server.close()

    def cut(self) -> None:
        """Resets every connection, as a network does that gave up on them."""

        async def abort() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._do(abort())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STOP_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            return writer.transport.abort()
        try:
            far_reader, far_writer = await self._open()
        except OSError:
            return writer.transport.abort()
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(
                self._pass_on("up", reader, far_writer), self._pass_on("down", far_reader, writer)
            )
        finally:
            self._writers -= {writer, far_writer}

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, Path):
            return await asyncio.open_unix_connection(str(self.target))
        return await asyncio.open_connection(*self.target)

    async def _pass_on(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(self._slice_bytes or _CHUNK_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if way not in self.deaf:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


async def _end_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def place_of(url: str) -> Place:
    """Where a server of PostgreSQL or Redis listens."""
    parts = make_url(url)
    folder = parts.query.get("host")
    if isinstance(folder, str) and folder.startswith("/"):
        return Path(folder) / f".s.PGSQL.{parts.query.get('port', 5432)}"
    return parts.host or "127.0.0.1", parts.port or 5432


def through(proxy: Proxy, url: str) -> str:
    """The same URL by way of a proxy."""
    parts = make_url(url).difference_update_query(["host", "port"])
    return parts.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
