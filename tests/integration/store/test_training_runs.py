from datetime import timedelta

from sqlalchemy import Engine, text

from core.types import RunState
from store.engine import transaction
from store.models import training_runs
from store.models.training_runs import TrainingRun

_LEASE_S = 60.0


def _request(engine: Engine, window: str) -> int | None:
    return transaction(
        engine,
        lambda c: training_runs.request(
            c, window=window, trigger="time", reason="why not", requested_by="test"
        ),
    )


def _claim(engine: Engine) -> TrainingRun | None:
    return transaction(engine, lambda c: training_runs.claim(c, lease_s=_LEASE_S))


def _claimed(engine: Engine) -> TrainingRun:
    run = _claim(engine)
    assert run is not None
    return run


def _succeed(engine: Engine, run: TrainingRun) -> bool:
    return transaction(
        engine,
        lambda c: training_runs.succeed(c, run, candidate=None, outcome="unchanged", gate={}),
    )


def _expire(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE training_runs SET lease_until = now() - interval '1 s'"))


def test_two_beats_ask_for_one_run(engine: Engine) -> None:
    assert _request(engine, "w") is not None
    assert _request(engine, "w") is None
    run = _claimed(engine)
    assert _succeed(engine, run)
    assert _request(engine, "w") is None


def test_a_second_window_does_not_queue_behind_one_that_waits(engine: Engine) -> None:
    assert _request(engine, "first") is not None
    assert _request(engine, "second") is None


def test_at_most_one_run_is_on_its_way(engine: Engine) -> None:
    _request(engine, "first")
    run = _claimed(engine)
    _request(engine, "second")
    assert _claim(engine) is None
    assert _succeed(engine, run)
    assert _claimed(engine).reason == "why not"


def test_a_run_whose_trainer_is_gone_is_taken_over_and_the_old_one_cannot_end_it(
    engine: Engine,
) -> None:
    _request(engine, "w")
    old = _claimed(engine)
    assert transaction(
        engine, lambda c: training_runs.heartbeat(c, old, {"stage": "head"}, lease_s=_LEASE_S)
    )
    _expire(engine)
    heir = _claimed(engine)
    assert (heir.id, heir.token) == (old.id, old.token + 1)
    assert heir.progress == {"stage": "head"}
    assert not transaction(engine, lambda c: training_runs.heartbeat(c, old, {}, lease_s=_LEASE_S))
    assert not _succeed(engine, old)
    transaction(engine, lambda c: training_runs.fail(c, old, "late"))
    assert _succeed(engine, heir)


def test_a_run_given_back_is_taken_at_once(engine: Engine) -> None:
    _request(engine, "w")
    run = _claimed(engine)
    transaction(engine, lambda c: training_runs.give_back(c, run))
    assert _claimed(engine).id == run.id


def test_a_failure_keeps_its_reason(engine: Engine) -> None:
    _request(engine, "w")
    run = _claimed(engine)
    transaction(engine, lambda c: training_runs.fail(c, run, "the disk is full"))
    [found] = transaction(engine, lambda c: training_runs.newest(c, most=5))
    assert (found.state, found.error) == (RunState.FAILED, "the disk is full")


def test_what_happened_since_starts_with_the_last_run(engine: Engine) -> None:
    before = transaction(engine, training_runs.since_last)
    assert (before.last_run, before.new_corrections, before.judged) == (0, 0, 0)
    run = _request(engine, "w")
    after = transaction(engine, training_runs.since_last)
    assert after.last_run == run
    assert timedelta(0) <= after.now - after.since < timedelta(minutes=5)
