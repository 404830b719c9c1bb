"""Which receiver an endpoint has, by its kind."""

from collections.abc import Callable

from core.errors import Permanent
from core.sealing import Box
from deliver.webhooks import WebhookReceiver, Wire
from helpdesks.receiving import Receiver
from store.delivery.deliveries import Address
from store.delivery.webhook_endpoints import WEBHOOK
from store.helpdesk.helpdesks import ENDPOINT


class ReceiverBook:
    """Finds receivers.

    Args:
        wire: of webhooks.
        box: opens their secrets.
        helpdesks: what writes through a connection, by its name.
    """

    def __init__(self, wire: Wire, box: Box, helpdesks: Callable[[str], Receiver]) -> None:
        self._wire = wire
        self._box = box
        self._helpdesks = helpdesks

    def __call__(self, address: Address) -> Receiver:
        """What sends to an address.

        Raises:
            Permanent: nothing sends to endpoints of its kind, or its secret cannot be opened.
        """
        if address.kind == ENDPOINT:
            return self._helpdesks(address.target)
        if address.kind != WEBHOOK:
            raise Permanent(f"nothing here sends to endpoints of kind {address.kind}")
        secrets = [self._box.open(kept) for kept in address.secrets]
        return WebhookReceiver(self._wire, address.target, secrets)
