"""The shapes of webhooks and their deliveries."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.addresses import MAX_URL_CHARS
from core.events import WANTABLE
from store.delivery.deliveries import DeliveryState
from store.delivery.delivery_log import LogFilter, Logged, LoggedAttempt
from store.delivery.webhook_endpoints import Endpoint, EndpointState
from web.api.moments import Moment
from web.api.words import CLEANED

Breaker = Literal["closed", "open", "trying"]
_MOMENT = "2026-03-01T09:30:00Z"
_WEBHOOK: dict[str, Any] = {
    "id": 3,
    "kind": "webhook",
    "url": "https://hooks.example.com/pointsman",
    "description": "the helpdesk's bridge",
    "events": ["ticket.routed", "ticket.review_required"],
    "concurrency": 2,
    "state": "active",
    "why": "",
    "breaker": "closed",
    "version": 1,
    "old_secret_until": None,
    "created_by": "ann@example.com",
    "created_at": _MOMENT,
    "delivered": 1204,
    "failed": 3,
    "delivered_at": "2026-03-02T11:02:09Z",
    "failures": 0,
    "failing_since": None,
    "open_until": None,
    "waiting": 0,
    "oldest_waiting_at": None,
}
_DELIVERY = {
    "id": 1207,
    "event_id": "0198c0de-0000-7000-8000-000000000000",
    "event": "ticket.routed",
    "ticket_id": "0198c0dd-0000-7000-8000-000000000000",
    "state": "waiting",
    "attempts": 2,
    "next_at": "2026-03-02T11:04:41Z",
    "created_at": "2026-03-02T11:04:02Z",
    "done_at": None,
    "last_at": "2026-03-02T11:04:09Z",
    "last_status": 500,
    "last_ms": 92,
    "last_error": "answered 500",
}
_TRIED = {
    "at": "2026-03-02T11:04:09Z",
    "status": 500,
    "ms": 92,
    "error": "answered 500",
    "answer": "Internal Server Error",
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


def known_event(event: str) -> str:
    """An event that an endpoint can ask for.

    Raises:
        ValueError: it is none.
    """
    if event not in WANTABLE:
        raise ValueError(f"an event is one of {', '.join(WANTABLE)}")
    return event


_Event = Annotated[
    str, AfterValidator(known_event), Field(json_schema_extra={"enum": [*map(str, WANTABLE)]})
]
_Events = Annotated[list[_Event], Field(min_length=1, max_length=len(WANTABLE))]
_Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="https, of a public address, without credentials",
    ),
]
_Words = Annotated[str, Field(max_length=200), CLEANED]
_Concurrency = Annotated[int, Field(ge=1, le=4, description="requests at a time")]


class NewWebhook(BaseModel):
    """An endpoint to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"url": _WEBHOOK["url"], "events": ["ticket.routed"]},
        },
    )

    url: _Url
    events: _Events
    description: _Words = ""
    concurrency: _Concurrency = 2


class WebhookChange(BaseModel):
    """What changes; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"events": ["ticket.routed"]}}
    )

    url: _Url | None = None
    events: _Events | None = None
    description: _Words | None = None
    concurrency: _Concurrency | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "WebhookChange":
        if not self.model_dump(exclude_none=True):
            raise ValueError("give url, events, description or concurrency")
        return self


class WebhookShape(BaseModel):
    """An endpoint, and how it fares.

    `kind` is `webhook`, or `helpdesk` for one that a connection has, whose `url` is its name.
    """

    model_config = _example(_WEBHOOK)

    id: int
    kind: str
    url: str
    description: str
    events: list[str]
    concurrency: int
    state: EndpointState
    why: str = Field(description="that it is paused or disabled")
    breaker: Breaker = Field(description="open: nothing is sent; trying: one request at a time")
    version: int
    old_secret_until: datetime | None = Field(
        description="until then requests carry the old secret's signature too"
    )
    created_by: str
    created_at: datetime
    delivered: int = Field(description="attempts that went well, ever")
    failed: int = Field(description="attempts that did not, ever")
    delivered_at: datetime | None
    failures: int = Field(description="in a row, the last attempts")
    failing_since: datetime | None
    open_until: datetime | None
    waiting: int = Field(description="deliveries to come; no more than 100,000 are counted")
    oldest_waiting_at: datetime | None


class WebhookWithSecret(WebhookShape):
    """An endpoint with the one look at its secret."""

    model_config = _example({**_WEBHOOK, "secret": "whsec_bm90IGEgc2VjcmV0LCBhbiBleGFtcGxl"})

    secret: str


class WebhookPage(BaseModel):
    """A page. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"webhooks": [_WEBHOOK], "next": None})

    webhooks: list[WebhookShape]
    next: str | None


class DeliveryShape(BaseModel):
    """One event on its way, with its last attempt; `event_id` is its `webhook-id`."""

    model_config = ConfigDict(from_attributes=True, **_example(_DELIVERY))

    id: int
    event_id: UUID
    event: str
    ticket_id: UUID | None
    state: DeliveryState
    attempts: int
    next_at: datetime
    created_at: datetime
    done_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_ms: int | None
    last_error: str | None


class AttemptShape(BaseModel):
    """One try; `answer` is the beginning of what was said, without control characters."""

    model_config = ConfigDict(from_attributes=True, **_example(_TRIED))

    at: datetime
    status: int | None
    ms: int
    error: str
    answer: str


class DeliveryWithAttempts(DeliveryShape):
    """A delivery with every try, the first one first."""

    model_config = _example({**_DELIVERY, "tried": [_TRIED]})

    tried: list[AttemptShape]


class DeliveryPage(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"deliveries": [_DELIVERY], "next": None})

    deliveries: list[DeliveryShape]
    next: str | None


class WantedDeliveries(BaseModel):
    """The query of a list of deliveries."""

    model_config = ConfigDict(extra="forbid")

    state: DeliveryState | None = None
    event: Annotated[str, Field(max_length=50, pattern=r"^[a-z._]*$")] | None = None
    ticket_id: UUID | None = None
    since: Moment | None = Field(default=None, description="events from then on")
    until: Moment | None = Field(default=None, description="events from before then")
    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    def wanted(self) -> LogFilter:
        """As the store wants it."""
        return LogFilter(
            state=self.state,
            event=self.event,
            ticket_id=self.ticket_id,
            since=self.since,
            until=self.until,
        )


class Period(BaseModel):
    """The deliveries that were given up of events from `since` on, to before `until`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"since": _MOMENT, "until": "2026-03-02T09:30:00Z"}},
    )

    since: Moment
    until: Moment | None = Field(default=None, description="now, if absent")


class Replayed(BaseModel):
    """How many are delivered again; 5,000 at most at a time."""

    model_config = _example({"deliveries": 214})

    deliveries: int


class Begun(BaseModel):
    """The delivery that is on its way."""

    model_config = _example({"delivery": 1208})

    delivery: int


def shape_of(one: Endpoint) -> WebhookShape:
    """An endpoint as callers see it."""
    return WebhookShape(**_fields(one))


def shape_with_secret(one: Endpoint, secret: str) -> WebhookWithSecret:
    """The same with its secret."""
    return WebhookWithSecret(**_fields(one), secret=secret)


def breaker_of(one: Endpoint, now: datetime) -> Breaker:
    """Whether anything is sent: all, nothing, or one request at a time."""
    if one.open_until is None:
        return "closed"
    return "open" if one.open_until > now else "trying"


def with_attempts(one: Logged, tried: list[LoggedAttempt]) -> DeliveryWithAttempts:
    """A delivery with its tries."""
    shape = DeliveryShape.model_validate(one)
    each = [AttemptShape.model_validate(attempt) for attempt in tried]
    return DeliveryWithAttempts(**shape.model_dump(), tried=each)


def _fields(one: Endpoint) -> dict[str, Any]:
    fields = asdict(one)
    return {**fields, "url": fields.pop("target"), "breaker": breaker_of(one, datetime.now(UTC))}
