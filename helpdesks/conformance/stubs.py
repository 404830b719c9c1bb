"""Strict stubs of the helpdesks' APIs, one ticket each: what they do not know they refuse.

Each keeps the traps of the real one: what is replaced as a whole, what needs `If-Match`, which
times are numbers.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.types import HelpdeskKind
from helpdesks.desk import Access, Later, Reply
from helpdesks.request_tracker import Desk as RequestTrackerDesk

BASE = "https://help.example.com"
SERVICE_USER = "99"
_CUSTOMER, _AGENT = "5", "12"
_IDS = {"": "10", "orders": "11", "billing": "12"}
_BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Stub:
    """A helpdesk with the ticket 7.

    Attributes:
        team: what it calls the team that has it.
        tags: that it has.
        notes: written inside.
        public: written to the customer.
        writes: requests that changed something.
        answers: statuses of the next requests, instead of their answers.
        before_write: is called once, before the next change.
        behind_write: is called after each change, as a webhook would be.
        breaks_after_write: the connection breaks behind the next change.
    """

    authorization: tuple[str, str]

    def __init__(self) -> None:
        self.team = self.team_of("")
        self.tags: list[str] = ["vip"]
        self.notes: list[str] = []
        self.public: list[str] = []
        self.writes = 0
        self.answers: list[int] = []
        self.before_write: Callable[[], object] | None = None
        self.behind_write: Callable[[], object] | None = None
        self.breaks_after_write = False
        self.now, self.actor = _BEGAN, _CUSTOMER

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """Answers one request."""
        if self.answers:
            return Reply(status=self.answers.pop(0), headers={"retry-after": "7"}, body=b"{}")
        name, value = self.authorization
        if not url.startswith(BASE) or headers.get(name) != value:
            return _reply({}, 401)
        if method == "GET":
            return self.answer(method, url.removeprefix(BASE), headers, {})
        if (hook := self.before_write) is not None:
            self.before_write = None
            hook()
        return self._changed(method, url.removeprefix(BASE), headers, json.loads(body or b"{}"))

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        """What the API answers."""
        raise NotImplementedError

    def payload(self) -> Mapping[str, Any]:
        """What its webhook sends of the ticket as it stands."""
        raise NotImplementedError

    def team_of(self, department: str) -> str:
        """What it calls a department."""
        return department or "General"

    def by_agent(self, *, team: str | None = None, tags: list[str] | None = None) -> None:
        """An agent moves the ticket, or sets its tags."""
        self.team = self.team if team is None else self.team_of(team)
        self.tags = self.tags if tags is None else tags
        self.moved(_AGENT)

    def moved(self, actor: str) -> None:
        """Somebody changed something, a second later."""
        self.now += timedelta(seconds=1)
        self.actor = actor

    @property
    def at(self) -> str:
        """When it was changed last."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _changed(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        reply = self.answer(method, path, headers, body)
        if reply.status < 300:
            self.writes += 1
            if self.behind_write is not None:
                self.behind_write()
            if self.breaks_after_write:
                self.breaks_after_write = False
                raise Later("the connection broke")
        return reply


class ZendeskStub(Stub):
    """Zendesk: tags are replaced as a whole; `safe_update` refuses what was not read."""

    authorization = ("authorization", "Bearer token")

    def team_of(self, department: str) -> str:
        """Groups have numbers."""
        return _IDS[department]

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        """`/api/v2/tickets/7.json`."""
        if path != "/api/v2/tickets/7.json" or method not in ("GET", "PUT"):
            return _reply({}, 400)
        return _reply({"ticket": self._ticket()}) if method == "GET" else self._put(body)

    def _put(self, body: Mapping[str, Any]) -> Reply:
        ticket = dict(body["ticket"])
        if ticket.pop("safe_update") is not True or ticket.pop("updated_stamp") != self.at:
            return _reply({"error": "UpdateConflict"}, 409)
        if ticket.keys() - {"group_id", "tags", "comment"}:
            return _reply({}, 422)
        self.team = str(ticket.get("group_id", self.team))
        self.tags = list(ticket.get("tags", self.tags))
        if (comment := ticket.get("comment")) is not None:
            (self.public if comment["public"] else self.notes).append(comment["body"])
        self.moved(SERVICE_USER)
        return _reply({"ticket": self._ticket()})

    def _ticket(self) -> dict[str, Any]:
        return {"id": 7, "group_id": int(self.team), "tags": self.tags, "updated_at": self.at}

    def payload(self) -> Mapping[str, Any]:
        """An event; ids are texts in it."""
        detail = {
            "id": "7",
            "subject": "Parcel is late",
            "description": "It should be here by now.",
            "created_at": "2026-03-01T09:00:00Z",
            "updated_at": self.at,
            "actor_id": self.actor,
            "group_id": self.team,
            "tags": self.tags,
        }
        return {"id": f"e-{self.at}", "type": "zen:event-type:ticket.updated", "detail": detail}


class ZammadStub(Stub):
    """Zammad: groups by name, tags one by one, no word on who else changed it."""

    authorization = ("authorization", "Token token=token")

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        """The ticket, and its tags."""
        known: dict[tuple[str, str], Callable[[Mapping[str, Any]], Reply]] = {
            ("GET", "/api/v1/tickets/7?expand=true"): lambda _: _reply(self._ticket()),
            ("GET", "/api/v1/tags?object=Ticket&o_id=7"): lambda _: _reply({"tags": self.tags}),
            ("PUT", "/api/v1/tickets/7"): self._put,
            ("POST", "/api/v1/tags/add"): lambda tag: self._tag(tag, add=True),
            ("DELETE", "/api/v1/tags/remove"): lambda tag: self._tag(tag, add=False),
        }
        answer = known.get((method, path))
        return _reply({}, 400) if answer is None else answer(body)

    def _put(self, body: Mapping[str, Any]) -> Reply:
        if body.keys() - {"group", "article"}:
            return _reply({}, 422)
        self.team = body.get("group", self.team)
        if (article := body.get("article")) is not None:
            (self.notes if article["internal"] else self.public).append(article["body"])
        self.moved(SERVICE_USER)
        return _reply(self._ticket())

    def _tag(self, tag: Mapping[str, Any], *, add: bool) -> Reply:
        if tag.get("object") != "Ticket" or str(tag.get("o_id")) != "7":
            return _reply({}, 422)
        rest = [each for each in self.tags if each != tag["item"]]
        self.tags = [*rest, tag["item"]] if add else rest
        self.moved(SERVICE_USER)
        return _reply({"ok": True}, 201 if add else 200)

    def _ticket(self) -> dict[str, Any]:
        return {"id": 7, "group": self.team, "updated_at": self.at, "updated_by_id": self.actor}

    def payload(self) -> Mapping[str, Any]:
        """A trigger's, with tags put into it by the admin; the group is an object in it."""
        ticket = {
            **self._ticket(),
            "title": "Parcel is late",
            "group": {"id": 1, "name": self.team},
            "tags": self.tags,
            "updated_by_id": int(self.actor),
        }
        article = {
            "body": "It should be here by now.",
            "sender": "Customer",
            "internal": False,
            "created_at": "2026-03-01T09:00:00Z",
        }
        return {"ticket": ticket, "article": article}


class ChatwootStub(Stub):
    """Chatwoot: labels are replaced as a whole; nobody is named as the one who changed them."""

    authorization = ("api_access_token", "token")
    _PATH = "/api/v1/accounts/1/conversations/7"

    def team_of(self, department: str) -> str:
        """Teams have numbers."""
        return _IDS[department] if department else ""

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        """The conversation, and what is done to it."""
        if (method, path) == ("GET", self._PATH):
            return _reply(self._conversation())
        done = {"labels": self._label, "assignments": self._assign, "messages": self._say}
        name = path.removeprefix(f"{self._PATH}/")
        if method != "POST" or name not in done:
            return _reply({}, 400)
        done[name](body)
        self.moved(SERVICE_USER)
        return _reply({})

    def _label(self, body: Mapping[str, Any]) -> None:
        self.tags = list(body["labels"])

    def _assign(self, body: Mapping[str, Any]) -> None:
        self.team = str(body["team_id"])

    def _say(self, body: Mapping[str, Any]) -> None:
        (self.notes if body["private"] is True else self.public).append(body["content"])

    def _conversation(self) -> dict[str, Any]:
        team = {"id": int(self.team), "name": "a team"} if self.team else None
        return {
            "id": 7,
            "labels": self.tags,
            "meta": {"sender": {"id": 5}, "assignee": None, "team": team},
            "updated_at": self.now.timestamp(),
        }

    def payload(self) -> Mapping[str, Any]:
        """A conversation's event, whose messages have numbers for types and times."""
        message = {
            "id": 900,
            "content": "It should be here by now.",
            "message_type": 0,
            "private": False,
            "created_at": int(_BEGAN.timestamp()),
        }
        return {
            "event": "conversation_updated",
            **self._conversation(),
            "messages": [message],
            "additional_attributes": {"mail_subject": "Parcel is late"},
        }


class RequestTrackerStub(Stub):
    """Request Tracker: changes need the `ETag` that was read; a field's values are replaced."""

    authorization = ("authorization", "token token")

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Reply:
        """`/REST/2.0`."""
        parts = urlsplit(path)
        place, asked = parts.path.removeprefix("/REST/2.0/"), dict(parse_qsl(parts.query))
        known: dict[tuple[str, str], Callable[[], Reply]] = {
            ("GET", "transactions"): lambda: self._listed(asked["query"]),
            ("GET", "ticket/7"): lambda: _reply(self._ticket(), etag=self._etag),
            ("GET", "ticket/7/history"): self._history,
            ("GET", "ticket/7/attachments"): self._attachments,
            ("PUT", "ticket/7"): lambda: self._put(headers, body),
            ("POST", "ticket/7/comment"): lambda: self._comment(body),
        }
        answer = known.get((method, place))
        return _reply({}, 404) if answer is None else answer()

    def payload(self) -> Mapping[str, Any]:
        """What is read of it when it is asked."""
        opened = Access(ask=self, base_url=BASE, token="token", labels_field="Labels")  # noqa: S106
        return RequestTrackerDesk(opened).payload("7")

    @property
    def _etag(self) -> str:
        return f'"{int(self.now.timestamp())}"'

    def _put(self, headers: Mapping[str, str], body: Mapping[str, Any]) -> Reply:
        if headers.get("if-match") != self._etag:
            return _reply({"message": "Precondition Failed"}, 412)
        if body.keys() - {"Queue", "CustomFields"}:
            return _reply({}, 400)
        self.team = body.get("Queue", self.team)
        fields = body.get("CustomFields", {})
        self.tags = list(fields.get("Labels", self.tags))
        self.moved(SERVICE_USER)
        return _reply([f"Ticket 7: Queue changed to {self.team}"])

    def _comment(self, body: Mapping[str, Any]) -> Reply:
        if body.get("ContentType") != "text/plain":
            return _reply({}, 400)
        self.notes.append(body["Content"])
        return _reply(["Comments added"], 201)

    def _listed(self, query: str) -> Reply:
        about, _, after = query.partition(" AND id > ")
        if about != "ObjectType = 'RT::Ticket'":
            return _reply({}, 400)
        last = 1 + int((self.now - _BEGAN).total_seconds())
        items = [{"id": str(last), "ObjectId": "7"}] if last > int(after) else []
        return _reply({"items": items, "pages": 1})

    def _history(self) -> Reply:
        did = {"Type": "Set", "Created": self.at, "Creator": {"id": self.actor}}
        mail = {"Type": "EmailRecord", "Created": self.at, "Creator": {"id": "RT_System"}}
        return _reply({"items": [did, mail], "pages": 1})

    def _attachments(self) -> Reply:
        parts = [
            {"ContentType": "multipart/mixed", "Content": ""},
            {"ContentType": "text/plain", "Content": "It should be here by now."},
        ]
        return _reply({"items": parts, "pages": 1})

    def _ticket(self) -> dict[str, Any]:
        return {
            "id": 7,
            "Subject": "Parcel is late",
            "Queue": {"id": "1", "Name": self.team},
            "CustomFields": [{"name": "Labels", "values": self.tags}],
            "Requestor": [{"id": "kim@example.com"}],
            "Created": "2026-03-01T09:00:00Z",
            "LastUpdated": self.at,
        }


STUBS: Mapping[HelpdeskKind, type[Stub]] = {
    HelpdeskKind.ZENDESK: ZendeskStub,
    HelpdeskKind.ZAMMAD: ZammadStub,
    HelpdeskKind.CHATWOOT: ChatwootStub,
    HelpdeskKind.REQUEST_TRACKER: RequestTrackerStub,
}


def _reply(body: object, status: int = 200, *, etag: str | None = None) -> Reply:
    headers = {} if etag is None else {"etag": etag}
    return Reply(status=status, headers=headers, body=json.dumps(body).encode())
