"""A version on trial beside the one that serves, in a host and on real worker processes."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from classifier.artifacts import Artifact
from core.audit_sample import is_drawn
from core.types import Rung, TrialStage
from store.engine import transaction
from store.models import trials
from store.models.trials import Trial, TrialOutcome
from tests.factories.models import activate
from tests.factories.processes import wait_until
from tests.factories.scorers import FakeScorer, serving
from tests.factories.values import a_claim, tickets
from tests.faults.conftest import System
from tests.faults.invariants import check
from worker.batching import Work, read
from worker.counters import Counters
from worker.flight import Flight
from worker.host import Host, OnTrial
from worker.shadow import Shadow


def _begin(
    engine: Engine, stage: TrialStage, tried: Artifact, active: Artifact, share: float = 0
) -> Trial:
    return transaction(
        engine,
        lambda c: trials.begin(
            c,
            version=tried.version,
            against=active.version,
            stage=stage,
            share=share,
            actor="ops",
        ),
    )


def _break(artifact: Artifact) -> None:
    """One flipped bit of its weights."""
    weights = artifact.path / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)


@pytest.fixture
def host(engine: Engine) -> Host:
    return Host(engine, device="cpu", threads=1)


def _tried_by(host: Host) -> str | None:
    host.refresh()
    return None if host.on_trial is None else host.on_trial.serving.scorer.versions.model


def test_a_version_on_trial_is_loaded_beside_the_active_one_and_freed_afterwards(
    engine: Engine, host: Host, active: Artifact, tried: Artifact
) -> None:
    assert _tried_by(host) is None
    trial = _begin(engine, TrialStage.CANARY, tried, active, share=0.3)
    assert _tried_by(host) == tried.version
    assert host.on_trial is not None
    assert (host.on_trial.stage, host.on_trial.share) == (TrialStage.CANARY, 0.3)
    assert host.serving.scorer.versions.model == active.version
    scorer = host.on_trial.serving.scorer
    host.refresh()
    assert host.on_trial.serving.scorer is scorer, "loaded once"
    transaction(
        engine, lambda c: trials.end(c, trial, TrialOutcome.DISCARDED, reason="", actor="ops")
    )
    assert _tried_by(host) is None


def test_a_version_on_probation_is_the_one_that_serves(
    engine: Engine, host: Host, active: Artifact, tried: Artifact
) -> None:
    activate(engine, tried.version)
    _begin(engine, TrialStage.PROBATION, tried, active)
    assert _tried_by(host) is None
    assert host.serving.scorer.versions.model == tried.version


def test_a_broken_version_is_not_tried_until_its_files_are_sound(
    engine: Engine, host: Host, active: Artifact, tried: Artifact
) -> None:
    _break(tried)
    _begin(engine, TrialStage.CANARY, tried, active, share=0.9)
    with capture_logs() as logs:
        assert [_tried_by(host) for _ in range(3)] == [None] * 3
    assert [entry["event"] for entry in logs].count("trial_not_served") == 1
    assert host.serving.scorer.rung is Rung.MODEL
    _break(tried)
    assert _tried_by(host) == tried.version


def test_a_version_that_fails_on_trial_leaves_its_tickets_to_the_active_one(
    engine: Engine, host: Host, active: Artifact, tried: Artifact
) -> None:
    _begin(engine, TrialStage.CANARY, tried, active, share=0.9)
    host.refresh()
    assert host.on_trial is not None
    lower = host.step_down(host.on_trial.serving.scorer)
    assert lower is host.serving
    assert lower.scorer.versions.model == active.version
    assert _tried_by(host) is None


class _TrialHost:
    """Nothing but a shadow on trial."""

    def __init__(self, scorer: FakeScorer) -> None:
        self.on_trial = OnTrial(serving=serving(scorer), stage=TrialStage.SHADOW, share=0)


class _Shadowing:
    """A shadow thread on its own, with what it counted."""

    def __init__(self, engine: Engine, scorer: FakeScorer, *, most: int = 100) -> None:
        self.flight = Flight(100)
        self.counters = Counters()
        self.shadow = Shadow(
            engine=engine,
            host=_TrialHost(scorer),  # type: ignore[arg-type]
            flight=self.flight,
            counters=self.counters,
            most=most,
        )
        self._thread = threading.Thread(target=self.shadow.run)

    def __enter__(self) -> "_Shadowing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shadow.stop()
        self._thread.join()

    def wait_for(self, **counted: int) -> None:
        wait_until(
            lambda: counted.items() <= self.counters.totals().items(),
            timeout_s=60,
            what=str(counted),
            seen=lambda: str(self.counters.totals()),
        )


def _works(count: int, body: str = "late") -> list[Work]:
    return read([a_claim(f"{body}-{n}", body=f"{body} {n}") for n in range(count)])


def _shadows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM shadow_decisions")).scalar_one())


def test_a_shadow_that_chokes_on_tickets_goes_on_with_the_next(engine: Engine) -> None:
    def fails(texts: Sequence[str]) -> None:
        if any("poison" in text for text in texts):
            raise ValueError("poison")

    with _Shadowing(engine, FakeScorer(fails=fails)) as here:
        here.shadow.offer(_works(3, "poison"))
        here.wait_for(shadow_failed=3)
        here.shadow.offer(_works(5))
        here.wait_for(shadow_decided=5)
    assert _shadows(engine) == 5


def test_a_shadow_waits_while_a_ticket_is_in_hand(engine: Engine) -> None:
    with _Shadowing(engine, FakeScorer()) as here:
        here.flight.take_off([held := a_claim()])
        here.shadow.offer(_works(2))
        assert not here.flight.is_empty(timeout_s=0.2)
        assert _shadows(engine) == 0
        here.flight.land([held])
        here.wait_for(shadow_decided=2)


def test_a_shadow_leaves_out_what_it_has_no_room_for_and_suspects(engine: Engine) -> None:
    here = _Shadowing(engine, FakeScorer(), most=4)
    here.shadow.offer(read([a_claim("suspect", attempts=2), a_claim("empty", subject="", body="")]))
    here.shadow.offer(_works(6))
    with here:
        here.wait_for(shadow_decided=4, shadow_skipped=2)


@pytest.fixture
def system(engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[System]:
    made = System(engine=engine, urls=(postgres_url, redis_url), folder=tmp_path)
    yield made
    made.close()


def _decide(system: System, count: int) -> dict[str, str]:
    """Version and ticket id of each decision."""
    system.start_worker()
    system.wait_for_workers(1)
    system.sender.send(tickets(count))
    system.wait_until_decided()
    assert check(system.engine, system.ledger).are_none
    with system.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT ticket_id, model_version FROM decisions WHERE rung = 'model'")
        )
        return {str(row.ticket_id): row.model_version for row in rows}


def test_a_canary_decides_its_share_and_is_recorded(
    system: System, active: Artifact, tried: Artifact
) -> None:
    _begin(system.engine, TrialStage.CANARY, tried, active, share=0.3)
    decided = _decide(system, 200)
    assert len(decided) == 200
    assert decided == {
        id_: tried.version if is_drawn(id_, "canary", 0.3) else active.version for id_ in decided
    }
    assert set(decided.values()) == {tried.version, active.version}


def test_a_shadow_scores_what_the_active_version_decided_and_changes_nothing(
    system: System, active: Artifact, tried: Artifact
) -> None:
    _begin(system.engine, TrialStage.SHADOW, tried, active)
    decided = _decide(system, 60)
    assert set(decided.values()) == {active.version}
    wait_until(
        lambda: _shadows(system.engine) == 60,
        timeout_s=60,
        what="a shadow of each decision",
        seen=system.processes.logs,
    )
    with system.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT s.model_version, s.scores <> d.scores AS differs, "
                "s.labels <@ ARRAY(SELECT jsonb_object_keys(s.scores)) AS known "
                "FROM shadow_decisions s JOIN decisions d USING (ticket_id, revision)"
            )
        ).all()
    assert {(row.model_version, row.differs, row.known) for row in rows} == {
        (tried.version, True, True)
    }


def _by(engine: Engine, version: str, prefix: str) -> int:
    statement = text(
        "SELECT count(*) FROM decisions d JOIN tickets t ON t.id = d.ticket_id "
        "WHERE d.model_version = :version AND t.external_id LIKE :like"
    )
    with engine.connect() as connection:
        values = {"version": version, "like": f"{prefix}-%"}
        return int(connection.execute(statement, values).scalar_one())


def test_trials_that_begin_and_end_under_load_lose_no_ticket(
    system: System, active: Artifact, tried: Artifact
) -> None:
    system.start_worker()
    system.wait_for_workers(1)
    for n in range(3):
        trial = _begin(system.engine, TrialStage.CANARY, tried, active, share=0.5)
        sent = itertools.count()

        def has_decided(n: int = n, sent: Iterator[int] = sent) -> bool:
            system.sender.send(tickets(20, prefix=f"t{n}-{next(sent)}"))
            return _by(system.engine, tried.version, f"t{n}") > 0

        wait_until(has_decided, timeout_s=60, what="a decision by the version on trial")
        transaction(
            system.engine,
            lambda c, ended=trial: trials.end(  # type: ignore[misc]
                c, ended, TrialOutcome.DISCARDED, reason="", actor="ops"
            ),
        )
    system.wait_until_decided()
    assert check(system.engine, system.ledger).are_none
