"""`pointsman doctor --plan`: what a load needs, from what was asked and what was measured here."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from cli.doctor.capacity import Costs, Load, Plan
from core.errors import Invalid
from core.settings import Settings
from store.engine import transaction
from store.models import model_versions
from store.queue.workers import workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the caller says of a load; None for what is to be taken from the running system.

    Attributes:
        tickets_per_s: to be carried.
        tokens: of a ticket, on average.
        device_tokens_per_s: what one device computes of the model.
        cores: of the machine that PostgreSQL would have; None for those of this machine.
        busy: share of its time that each part may work.
    """

    tickets_per_s: float
    tokens: float | None
    device_tokens_per_s: float | None
    cores: int | None
    busy: float

    @property
    def needs_system(self) -> bool:
        """Whether something has to be taken from the running system."""
        return self.tokens is None or self.device_tokens_per_s is None


def load_of(asked: Asked, counted: Mapping[str, float], measured_per_s: float | None) -> Load:
    """What is to be carried.

    Args:
        asked: of the caller.
        counted: by workers lately (`core.measures`); may be empty.
        measured_per_s: tokens a second of this machine's device; None when nobody measured.

    Raises:
        Invalid: neither the caller nor the system says how long tickets are or how fast a device.
    """
    tokens = asked.tokens or _each(counted, "tokens", "tickets_scored")
    if not tokens:
        fix = "say how many tokens a ticket has on average; English has about 4 for 3 words"
        raise Invalid("--tokens", "no worker has scored a ticket yet", fix)
    speed = asked.device_tokens_per_s or measured_per_s
    if not speed:
        fix = "start a worker once, or say how many tokens a second a device computes"
        raise Invalid("--device-tokens", "no worker has measured this machine's device", fix)
    return Load(
        tickets_per_s=asked.tickets_per_s,
        device_tickets_per_s=speed / tokens,
        message_tickets=max(1.0, _each(counted, "tickets_announced", "messages")),
        cores=asked.cores or os.cpu_count() or 1,
        busy=asked.busy,
    )


def counted_lately(connection: Connection) -> dict[str, float]:
    """What the workers of the last week have counted, each key summed."""
    totals: dict[str, float] = {}
    for worker in workers(connection):
        for key, value in worker.report.counters.items():
            totals[key] = totals.get(key, 0.0) + value
    return totals


def measured_here(engine: Engine, settings: Settings) -> float | None:
    """Tokens a second of this machine's device with the active model, as its worker measured."""
    try:
        from classifier.artifacts import open_artifact
        from classifier.precision import resolve_device
        from cli.doctor.backend import measured_budget
    except ImportError:  # no torch, so no worker either
        return None
    active = transaction(engine, model_versions.active)
    if active is None:
        return None
    device = resolve_device("cuda:0" if settings.device == "all" else settings.device)
    found = measured_budget(settings, open_artifact(active.path), device)
    return None if found is None else max(found.tokens_per_s.values())


def lines(load: Load, plan: Plan, costs: Costs) -> Iterator[str]:
    """The plan for people."""
    yield (
        f"{load.tickets_per_s:g} tickets/s, each part busy for {load.busy:.0%} of its time; "
        f"a device does {load.device_tickets_per_s:,.0f} tickets/s, a message names "
        f"{load.message_tickets:,.0f}"
    )
    yield f"  devices     {plan.devices}"
    yield f"  workers     {plan.workers} processes on {plan.worker_cores:.1f} cores"
    yield (
        f"  PostgreSQL  {plan.postgres} of {load.cores} cores ({plan.postgres_cores:.1f} busy), "
        f"log {plan.wal_mb_per_s:.2f} MB/s, {plan.stored_gb_per_day:.1f} GB a day of short tickets"
    )
    yield f"  Redis       {plan.redis} ({plan.redis_busy:.0%} of one core)"
    yield (
        f"one PostgreSQL of {load.cores} cores ends at {plan.postgres_ends_at:,.0f} tickets/s, "
        f"one Redis at {plan.redis_ends_at:,.0f}; docs/capacity.md says what to do then"
    )
    yield f"costs of a ticket: measured {costs.at[:10]} on {costs.machine}"


def _each(counted: Mapping[str, float], what: str, of: str) -> float:
    return counted.get(what, 0.0) / counted[of] if counted.get(of) else 0.0
