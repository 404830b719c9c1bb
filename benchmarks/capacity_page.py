"""docs/capacity.md: its figures come from the costs that `benchmarks/scale.py` measured."""

from collections.abc import Iterator
from dataclasses import asdict

from cli.doctor.capacity import Costs, Load, Plan, plan

RATES = (10, 100, 1_000, 10_000)
CORES = (8, 16, 32, 64)
MESSAGES = (1, 200)
DEVICE_PER_S = 100
BUSY = 0.7

_HEAD = """\
# How much hardware a load needs

`pointsman doctor --plan RATE` says how many devices, worker processes, PostgreSQL and Redis so
many tickets a second need. How long tickets are it takes from what workers counted, how fast a
device is from what a worker of this machine measured (`chunks` in `pointsman doctor`); `--tokens`
and `--device-tokens` say it instead, and then no service has to run. Further options: `--cores`
of PostgreSQL's machine, `--busy` for the share of its time that each part may work.

```sh
pointsman doctor --plan 500 --tokens 90 --device-tokens 10000 --cores 16
```

What it counts with is measured, not guessed: `benchmarks/scale.py` (P13) runs 1, 2 and 4 workers
with simulated devices over databases of different sizes and notes what each part spent. Costs, as
kept in `cli/doctor/costs.json`:
"""
_LEFT_OUT = """\
## What it leaves out

- Seconds of a core are those of the machine above; another one is faster or slower.
- How large the run was, how busy the machine, and how far rates came from what was foretold is in
  P13's result; a short run on a busy machine says little more than the order of size.
- That PostgreSQL does twice as much on twice the cores is assumed, not measured: the machine of
  these runs has two. Its log and its disk are named in the plan, since one of them may be short
  first.
- Texts are short: longer ones cost more to store and to tokenize. Web processes, deliveries,
  trainings and people who look at pages are not in it; one web process takes in what P8 in
  [benchmarks.md](benchmarks.md) says.
- A peak is not an average: plan for the rate of your busiest minutes, or let tickets wait.

## What to do where one ends

A message names up to 200 tickets where they come in bulk, and then PostgreSQL ends long before
Redis does. In this order:

1. **Devices and workers**: start more; claims need no coordination.
2. **Connections**: PgBouncer in transaction mode before web processes and workers' pools. The
   lock connection of each worker stays direct.
3. **Reads** of pages and reports: a replica.
4. **PostgreSQL's disk**: the log on a disk of its own; old months' partitions on their own
   tablespaces.
5. **PostgreSQL's cores**: a larger machine, to the ends above. Beyond them split by source: each
   shard is a whole Pointsman with a database, a queue and workers of its own.
6. **Redis**: send tickets in bulk, or raise `POINTSMAN_MESSAGE_TICKETS`. Then several brokers by
   hash of the source, one for each shard, or RabbitMQ: any URL that kombu takes works in
   `POINTSMAN_REDIS_URL`. Without any broker workers find tickets by polling
   (`POINTSMAN_POLL_INTERVAL_S`), so a Redis that is at its end costs latency and no ticket.
"""


def page(costs: Costs) -> str:
    """The whole page."""
    parts = [_HEAD, *_costs(costs), "", *_plans(costs), "", *_ends(costs), "", _LEFT_OUT]
    return "\n".join(parts)


def _costs(costs: Costs) -> Iterator[str]:
    yield "| what | |"
    yield "|---|---|"
    yield from (f"| `{name}` | {value} |" for name, value in asdict(costs).items())


def _plans(costs: Costs) -> Iterator[str]:
    yield "## Plans"
    yield ""
    yield f"A device that does {DEVICE_PER_S} tickets/s, PostgreSQL on {CORES[1]} cores, each part"
    yield f"busy for {BUSY:.0%} of its time, each ticket posted by itself:"
    yield ""
    yield "| tickets/s | devices | workers | their cores | PostgreSQL | its cores | log | Redis |"
    yield "|---|---|---|---|---|---|---|---|"
    for rate in RATES:
        found = _plan(costs, rate=rate, cores=CORES[1], message=1)
        yield (
            f"| {rate:,} | {found.devices} | {found.workers} | {found.worker_cores:.1f} "
            f"| {found.postgres} | {found.postgres_cores:.1f} | {found.wal_mb_per_s:.1f} MB/s "
            f"| {found.redis} |"
        )


def _ends(costs: Costs) -> Iterator[str]:
    yield "## Where one PostgreSQL and one Redis end"
    yield ""
    yield "| | tickets/s |"
    yield "|---|---|"
    for cores in CORES:
        end = _plan(costs, rate=1, cores=cores, message=1).postgres_ends_at
        yield f"| one PostgreSQL of {cores} cores | {end:,.0f} |"
    for message in MESSAGES:
        end = _plan(costs, rate=1, cores=CORES[0], message=message).redis_ends_at
        yield f"| one Redis, {message} tickets a message | {end:,.0f} |"


def _plan(costs: Costs, *, rate: float, cores: int, message: int) -> Plan:
    load = Load(
        tickets_per_s=rate,
        device_tickets_per_s=DEVICE_PER_S,
        message_tickets=message,
        cores=cores,
        busy=BUSY,
    )
    return plan(load, costs)
