"""Request Tracker 5: it sends nothing, so it is asked; REST 2 with `ETag` and `If-Match`.

Teams are queues, tags are the values of a custom field for several values, which a change replaces
as a whole. The note is a comment: what is called correspondence would go to the customer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from helpdesks.desk import Access, Api, Change, Refused, Standing
from helpdesks.mapping import Snapshot, moment, seen, short, tags
from helpdesks.seen import Signed, Told, Unverified

MAPPING: Mapping[str, str] = {
    "id": "ticket.id",
    "subject": "ticket.Subject",
    "body": "content",
    "customer": "ticket.Requestor[0].id",
    "priority": "ticket.Priority",
    "created_at": "ticket.Created",
    "updated_at": "at",
    "actor": "actor",
    "agent": "actor",
    "team": "ticket.Queue.Name",
    "tags": "labels",
}
PER_PAGE = 100
_FIELDS = {"fields[Queue]": "Name"}
# What a transaction is that moves a ticket or changes its labels.
_MOVES = frozenset({"Set", "CustomField", "Create"})


def verify(signed: Signed, secrets: tuple[str, ...]) -> None:
    """Refuses everything.

    Raises:
        Unverified: always.
    """
    raise Unverified("Request Tracker sends nothing: it is asked")


def parse(
    payload: Mapping[str, Any],
    headers: Mapping[str, str],
    mapping: Mapping[str, str],
    now: datetime,
) -> Told:
    """What a ticket tells that was read by `Desk.payload`.

    Raises:
        Invalid: it is none.
    """
    told = Snapshot(has_content=True, delivery_id=None, at=now, now=now)
    return seen(payload, mapping, told)


class Desk:
    """Its API, `/REST/2.0`."""

    def __init__(self, access: Access) -> None:
        self._api = Api(access, headers=access.authorization("token"))
        self._field = access.labels_field

    def read(self, external_id: str) -> Standing:
        """The ticket as it stands; its `ETag` is the stamp."""
        return self._standing(*self._ticket(external_id))

    def write(self, external_id: str, change: Change, standing: Standing) -> Standing:
        """Changes it on what was read, or not at all; then tells why."""
        path = f"/REST/2.0/ticket/{external_id}"
        fields: dict[str, Any] = {}
        if change.team is not None:
            fields["Queue"] = change.team
        if change.tags is not None and self._field:
            fields["CustomFields"] = {self._field: list(change.tags)}
        if fields:
            said = self._api.put(path, fields, **{"if-match": standing.stamp or ""})
            _refused(said.get("items"))
        if change.note is not None:
            note = {"Content": change.note, "ContentType": "text/plain"}
            self._api.post(f"{path}/comment", note)
        return self.read(external_id)

    def newest(self) -> int:
        """Id of the last thing that was done to any ticket; 0 if nothing was."""
        items = self._transactions("id > 0", order="DESC", per_page=1)
        return max((each for each, _ in items), default=0)

    def touched(self, after: int) -> list[tuple[int, str]]:
        """The next things that were done to tickets: each with its id and its ticket's, by ids.

        By ids, since moments in a query are read in the time zone of whoever asks.
        """
        return self._transactions(f"id > {after}", order="ASC", per_page=PER_PAGE)

    def payload(self, external_id: str) -> Mapping[str, Any]:
        """A ticket as `parse` reads it: `{ticket, content, labels, actor, at}`.

        `at` and `actor` are of the last change of queue, subject or labels.
        """
        ticket, _ = self._ticket(external_id)
        moved = self._last_move(external_id)
        return {
            "ticket": ticket,
            "content": self._content(external_id),
            "labels": list(self._labels(ticket)),
            "actor": (moved.get("Creator") or {}).get("id"),
            "at": moved.get("Created") or ticket.get("LastUpdated"),
        }

    def _transactions(self, query: str, *, order: str, per_page: int) -> list[tuple[int, str]]:
        asked = {
            "query": f"ObjectType = 'RT::Ticket' AND {query}",
            "orderby": "id",
            "order": order,
            "fields": "ObjectId",
            "per_page": str(per_page),
        }
        found = self._api.get(f"/REST/2.0/transactions?{urlencode(asked)}")
        return [(int(each["id"]), str(each["ObjectId"])) for each in found.get("items", [])]

    def _last_move(self, external_id: str) -> Mapping[str, Any]:
        # `Created` of the ticket is its first transaction: oldest first, so the last page counts.
        fields = urlencode({"fields": "Type,Creator,Created,Field", "per_page": PER_PAGE})
        path = f"/REST/2.0/ticket/{external_id}/history?{fields}"
        found = self._api.get(path)
        if (pages := int(found.get("pages") or 1)) > 1:
            found = self._api.get(f"{path}&page={pages}")
        moves = [each for each in found.get("items", []) if each.get("Type") in _MOVES]
        return moves[-1] if moves else {}

    def _content(self, external_id: str) -> str:
        """The first text of the ticket: what it was opened with."""
        fields = urlencode({"fields": "Content,ContentType"})
        found = self._api.get(f"/REST/2.0/ticket/{external_id}/attachments?{fields}")
        texts = (each for each in found.get("items", []) if _is_text(each))
        first: Mapping[str, Any] = next(texts, {})
        return str(first.get("Content") or "")

    def _ticket(self, external_id: str) -> tuple[Mapping[str, Any], str | None]:
        return self._api.asked("GET", f"/REST/2.0/ticket/{external_id}?{urlencode(_FIELDS)}")

    def _standing(self, ticket: Mapping[str, Any], etag: str | None) -> Standing:
        return Standing(
            team=short((ticket.get("Queue") or {}).get("Name")) or "",
            tags=self._labels(ticket),
            at=moment(ticket.get("LastUpdated")),
            stamp=etag,
        )

    def _labels(self, ticket: Mapping[str, Any]) -> tuple[str, ...]:
        fields = ticket.get("CustomFields") or []
        own = (each for each in fields if each.get("name") == self._field)
        field: Mapping[str, Any] = next(own, {})
        return tags(list(field.get("values") or [])) or ()


def _is_text(attachment: Mapping[str, Any]) -> bool:
    return str(attachment.get("ContentType", "")).startswith("text/")


def _refused(said: object) -> None:
    """Request Tracker answers 200 with words; some of them say that nothing was done.

    Raises:
        Refused: it says so.
    """
    words = " ".join(map(str, said)) if isinstance(said, list) else ""
    if "ermission denied" in words or "does not exist" in words or "ould not" in words:
        raise Refused("the helpdesk did not do it: no right, or no such queue")
