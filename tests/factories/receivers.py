"""A real HTTP server that answers by a script and remembers what it was sent."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says; a slow one sends a byte of its body each tenth of a second."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"ok"
    is_slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What it was sent."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Receiver:
    """A server, as a test sees it.

    Attributes:
        answer: decides what is said to a request; called in the server's threads.
    """

    port: int = 0
    answer: Callable[[Request], Answer] = lambda _: Answer()
    requests: list[Request] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """Of every request, in the order in which they came."""
        return [request.id for request in self.requests]

    def take(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self.answer(request)
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Runs a server of the loopback address while the context lasts."""
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:  # who sent it is dead
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = taken.take(Request(headers=headers, body=body))
            with suppress(OSError):
                self._say(said)

        def _say(self, said: Answer) -> None:
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            for byte in (
                (said.body[i : i + 1] for i in range(len(said.body))) if said.is_slow else ()
            ):
                self.wfile.write(byte)
                self.wfile.flush()
                time.sleep(0.1)
            if not said.is_slow:
                self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    taken.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
