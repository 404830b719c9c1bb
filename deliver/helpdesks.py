"""Helpdesks as this process speaks with them: requests by the guarded transport, and asking around.

Where requests may go is the setting of webhooks too: a helpdesk in a private network is named in
`POINTSMAN_WEBHOOK_NETWORKS`.
"""

import threading
from collections.abc import Mapping

import httpx2
import structlog
from sqlalchemy import Engine

from core.addresses import Reach, check_url
from core.errors import Invalid
from core.sealing import Box
from deliver.guard import GuardedClient, OutOfReach
from helpdesks.desk import Access, Ask, Later, Refused, Reply
from helpdesks.polling import Poller
from helpdesks.receiving import Receiver
from helpdesks.write_back import WriteBack
from store.helpdesk.helpdesks import Helpdesk

_MOST_BYTES = 4_194_304
_log = structlog.get_logger(__name__)


class Line:
    """Makes requests to helpdesks.

    Args:
        reach: where requests may go.
        timeout_s: of a whole request.
    """

    def __init__(self, reach: Reach, *, timeout_s: float) -> None:
        self._reach = reach
        self._client = GuardedClient(reach, timeout_s=timeout_s, name="helpdesks")

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """One request.

        Raises:
            Refused: nobody may be asked there, or the answer is too large.
            Later: nobody answered.
        """
        try:
            asking = self._ask(method, check_url(url, self._reach), headers, body)
            return self._client.run(asking)
        except (Invalid, OutOfReach) as error:
            raise Refused(str(error)) from error
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise Later(f"the helpdesk did not answer: {type(error).__name__}") from error

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        sent = self._client.http.stream(method, url, headers=dict(headers), content=body)
        async with sent as answer:
            read = bytearray()
            async for part in answer.aiter_bytes():
                read += part
                if len(read) > _MOST_BYTES:
                    raise Refused("the helpdesk's answer is too large")
        return Reply(status=answer.status_code, headers=dict(answer.headers), body=bytes(read))


class HelpdeskBook:
    """Finds what writes into a helpdesk.

    Args:
        engine: of the database.
        ask: makes requests.
        box: opens tokens.
    """

    def __init__(self, engine: Engine, ask: Ask, box: Box) -> None:
        self._engine = engine
        self._ask = ask
        self._box = box

    def __call__(self, name: str) -> Receiver:
        """What writes through the connection of a name."""
        return WriteBack(self._engine, name, self.open)

    def open(self, desk: Helpdesk) -> Access:
        """Access to the API of a connection.

        Raises:
            Permanent: its token cannot be opened.
        """
        return Access(
            ask=self._ask,
            base_url=desk.base_url or "",
            token=self._box.open(desk.token) if desk.token else "",
            account=desk.account or "",
            labels_field=desk.labels_field or "",
        )


def poll_for_ever(poller: Poller, every_s: float, stopping: threading.Event) -> None:
    """Asks helpdesks that send nothing, again and again."""
    while not stopping.wait(every_s):
        try:
            poller.poll()
        except Exception as error:  # the top of this thread; the next round asks again
            _log.warning("helpdesks_later", cause=type(error).__name__)
