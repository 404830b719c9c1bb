"""Labels that change while a tiny artifact serves, on a real database."""

import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

import trainer.labels.operated
import trainer.labels.relabelling
from classifier.artifacts import Artifact, open_artifact
from classifier.transformer import load_network
from core.errors import Invalid
from core.text import model_text
from core.types import Automation, FeedbackKind, LabelLevel, LabelMove, Rung, Ticket
from router.decide import decide
from router.label_changes import EXAMPLES
from router.label_outlook import Outlook, Wanted, look
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.labels import label_moves
from store.models import model_versions
from store.queue.tickets import import_labelled
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.labelled import labelled_rows
from tests.factories.models import install
from tests.factories.rulesets import MONDAY_NOON
from tests.factories.values import a_ticket
from trainer.labels.relabelling import Workshop, carry_out
from worker.host import Host, Serving

_RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": "money", "order": 1, "when": {"label": "refund"}, "then": {"primary": "billing"}},
        {
            "id": "parcels",
            "order": 2,
            "when": {"all": [{"score": {"label": "shipping", "at_least": 0.5}}]},
            "then": {"primary": "orders"},
        },
    ],
}
_TICKETS = [Ticket(**row) for row in labelled_rows(60, seed=3)]  # type: ignore[arg-type]


@pytest.fixture
def artifact(engine: Engine, tmp_path: Path) -> Artifact:
    """It serves four labels; two of them have rules, and 60 tickets are labelled with them."""
    made = build_tiny_artifact(tmp_path / "artifact")
    install(engine, made)

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        names = ("billing", "orders", "service-desk")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        rulesets.save(connection, _RULES, author="ops", note="")
        import_labelled(connection, _TICKETS, source="history")

    transaction(engine, work)
    return made


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(models=tmp_path / "models", background=50)


def _wanted(kind: LabelMove, before: str = "", after: str = "", **fields: object) -> Wanted:
    """Names with spaces between them."""
    return Wanted(
        kind=kind,
        before=tuple(before.split()),
        after=tuple(after.split()),
        actor="ops",
        **fields,  # type: ignore[arg-type]
    )


def _look(engine: Engine, wanted: Wanted) -> Outlook:
    return transaction(engine, lambda c: look(c, wanted))


def _do(engine: Engine, workshop: Workshop, wanted: Wanted) -> label_moves.LabelChange:
    return carry_out(engine, wanted, _look(engine, wanted), workshop)


def _host(engine: Engine) -> Host:
    host = Host(engine, device="cpu", threads=1)
    host.refresh()
    return host


def _routed(serving: Serving) -> list[tuple[str, str | None]]:
    """Department and rule of each ticket."""
    scorer = serving.scorer
    texts = [model_text(ticket.subject, ticket.body) for ticket in _TICKETS]
    rows = scorer.score(scorer.prepare(texts).items)
    routings = [
        decide(
            scores=dict(zip(scorer.labels, map(float, row), strict=True)),
            policy=serving.policy,
            rulebook=serving.rulebook,
            ticket=ticket,
            rung=Rung.MODEL,
            now=MONDAY_NOON,
        )
        for row, ticket in zip(rows, _TICKETS, strict=True)
    ]
    return [(routing.primary, routing.rule) for routing in routings]


def _state(engine: Engine) -> list[object]:
    """Everything that a change of labels may touch."""
    tables = ("labels", "label_moves", "rulesets", "model_versions", "audit_log", "corrections")
    with engine.connect() as connection:
        return [
            connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            for table in (*tables, "tickets")
        ]


def _in_use(engine: Engine) -> set[str]:
    return {label.name for label in transaction(engine, taxonomy.labels)}


def _active(engine: Engine) -> Artifact:
    active = transaction(engine, model_versions.active)
    assert active is not None
    return open_artifact(active.path)


def _feedback(engine: Engine, ticket: UUID, *labels: str) -> None:
    given = Feedback(ticket_id=ticket, kind=FeedbackKind.WRONG_LABEL, agent="a", labels=labels)
    transaction(engine, lambda c: corrections.give(c, given))


def _some_ticket(engine: Engine) -> UUID:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id FROM tickets ORDER BY id LIMIT 1")).scalar_one()
    return UUID(str(found))


@pytest.mark.usefixtures("artifact")
def test_a_label_with_eight_examples_is_served_by_running_workers(
    engine: Engine, workshop: Workshop
) -> None:
    host = _host(engine)
    before = host.serving
    examples = [
        a_ticket(f"x{n}", subject="login", body=f"password reset {n}", labels=("lockout", "login"))
        for n in range(8)
    ]
    wanted = _wanted(
        LabelMove.ADD, after="lockout", descriptions={"lockout": "reset"}, examples=examples
    )
    change = _do(engine, workshop, wanted)
    host.refresh()
    serving = host.serving
    assert serving.scorer.rung is Rung.MODEL
    assert serving.scorer.labels == (*LABELS, "lockout")
    assert change.model is not None
    assert serving.scorer.versions.model == change.model.version
    assert serving.ruleset_version == before.ruleset_version
    assert _routed(serving) == _routed(before)
    texts = ["login password reset 12", "where is my package"]
    theirs, other = serving.scorer.score(serving.scorer.prepare(texts).items)[:, -1]
    assert theirs > other
    with engine.connect() as connection:
        stored = connection.execute(
            text("SELECT count(*) FROM tickets WHERE source = :s"), {"s": EXAMPLES}
        ).scalar()
    assert stored == 8
    assert _in_use(engine) == {*LABELS, "lockout"}


@pytest.mark.usefixtures("artifact")
def test_a_renamed_label_routes_as_it_did(engine: Engine, workshop: Workshop) -> None:
    host = _host(engine)
    before = _routed(host.serving)
    assert {rule for _, rule in before} >= {"money", "parcels"}, "the rules are at work"
    taxonomy_level = LabelLevel(automation=Automation.AUTO, auto_from=0.4)
    transaction(engine, lambda c: taxonomy.set_level(c, "refund", taxonomy_level, actor="ops"))
    host.refresh()
    before = _routed(host.serving)
    found = _look(engine, _wanted(LabelMove.RENAME, "refund", "money-back"))
    assert found.rules == ("money",)
    assert found.tickets == sum("refund" in (ticket.labels or ()) for ticket in _TICKETS)
    _do(engine, workshop, _wanted(LabelMove.RENAME, "refund", "money-back"))
    host.refresh()
    assert "money-back" in host.serving.scorer.labels
    assert "refund" not in host.serving.scorer.labels
    assert _routed(host.serving) == before
    assert _in_use(engine) == {"billing", "login", "money-back", "shipping"}


@pytest.mark.usefixtures("artifact")
def test_a_worker_in_the_middle_of_a_rename_routes_by_what_it_holds(
    engine: Engine, workshop: Workshop
) -> None:
    host = _host(engine)
    held, before = host.serving, _routed(host.serving)
    _do(engine, workshop, _wanted(LabelMove.RENAME, "refund", "money-back"))
    assert _routed(held) == before


@pytest.mark.usefixtures("artifact")
def test_merged_labels_are_one_everywhere_and_split_again_they_are_two(
    engine: Engine, workshop: Workshop
) -> None:
    levels = LabelLevel(automation=Automation.SUGGEST)
    transaction(engine, lambda c: taxonomy.set_level(c, "shipping", levels, actor="ops"))
    _do(engine, workshop, _wanted(LabelMove.MERGE, "refund shipping", "both"))
    assert _active(engine).labels == ("billing", "login", "both")
    [both] = [x for x in transaction(engine, taxonomy.labels) if x.name == "both"]
    assert both.level.automation is Automation.SUGGEST, "it may do what the least of them might"
    [money, parcels] = _active_rules(engine)
    assert money["when"] == {"label": "both"}
    assert parcels["when"] == {"all": [{"score": {"label": "both", "at_least": 0.5}}]}
    _do(engine, workshop, _wanted(LabelMove.SPLIT, "both", "refund shipping"))
    assert set(_active(engine).labels) == set(LABELS)
    [money, _] = _active_rules(engine)
    assert money["when"] == {"any": [{"label": "refund"}, {"label": "shipping"}]}
    found = _look(engine, _wanted(LabelMove.RENAME, "refund", "cash"))
    assert found.tickets == sum("refund" in (ticket.labels or ()) for ticket in _TICKETS)


def _active_rules(engine: Engine) -> list[dict[str, object]]:
    found = transaction(engine, rulesets.active)
    assert found is not None
    rules: list[dict[str, object]] = found.document["rules"]
    return rules


@pytest.mark.usefixtures("artifact")
def test_a_label_that_rules_name_is_retired_for_another_only(
    engine: Engine, workshop: Workshop
) -> None:
    with pytest.raises(Invalid, match="refund: is named by rule money"):
        _look(engine, _wanted(LabelMove.RETIRE, "refund"))
    _do(engine, workshop, _wanted(LabelMove.RETIRE, "login"))
    assert _active(engine).labels == ("billing", "refund", "shipping")
    _do(engine, workshop, _wanted(LabelMove.RETIRE, "refund", "billing"))
    assert _active(engine).labels == ("billing", "shipping")
    assert _active_rules(engine)[0]["when"] == {"label": "billing"}
    assert _in_use(engine) == {"billing", "shipping"}


@pytest.mark.usefixtures("artifact")
def test_feedback_by_an_older_name_means_what_it_is_called_now(
    engine: Engine, workshop: Workshop
) -> None:
    ticket = _some_ticket(engine)
    _do(engine, workshop, _wanted(LabelMove.RENAME, "refund", "money-back"))
    _do(engine, workshop, _wanted(LabelMove.RETIRE, "login"))
    _do(engine, workshop, _wanted(LabelMove.SPLIT, "shipping", "late lost"))
    _feedback(engine, ticket, "refund", "billing")
    [said] = transaction(engine, lambda c: list(corrections.standing_label_feedback(c)))
    assert said.labels == ("billing", "money-back")
    with pytest.raises(Invalid, match="'shipping' was split; name what is meant: 'late', 'lost'"):
        _feedback(engine, ticket, "shipping")
    with pytest.raises(Invalid, match="'login' was retired"):
        _feedback(engine, ticket, "login")


@pytest.mark.usefixtures("artifact")
def test_tickets_here_can_be_the_examples(engine: Engine, workshop: Workshop) -> None:
    ticket = _some_ticket(engine)
    _do(engine, workshop, _wanted(LabelMove.ADD, after="odd", tickets={"odd": [ticket]}))
    [said] = transaction(engine, lambda c: list(corrections.standing_label_feedback(c)))
    assert set(said.labels) == {*(_TICKETS[0].labels or ()), "odd"}
    assert "odd" in _active(engine).labels


@pytest.mark.parametrize("broken", ["_change_rows", "_change_rules", "_change_model"])
@pytest.mark.usefixtures("artifact")
def test_when_any_part_fails_nothing_has_changed(
    engine: Engine, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    wanted = _wanted(LabelMove.RENAME, "refund", "money-back")
    found, before = _look(engine, wanted), _state(engine)
    real = getattr(label_moves, broken)

    def fails_afterwards(connection: Connection, change: label_moves.LabelChange) -> None:
        real(connection, change)
        connection.execute(text("SELECT 1 / 0"))

    monkeypatch.setattr(label_moves, broken, fails_afterwards)
    with pytest.raises(Exception, match="DivisionByZero"):
        carry_out(engine, wanted, found, workshop)
    assert _state(engine) == before
    assert not list(workshop.models.iterdir()), "the model that was made for it is gone"


def _rules_changed(engine: Engine) -> None:
    document = {"default_department": "service-desk", "rules": []}
    transaction(engine, lambda c: rulesets.save(c, document, author="ops", note=""))


def _model_changed(engine: Engine) -> None:
    artifact = _active(engine)
    install(engine, build_tiny_artifact(artifact.path.parent / "newer", seed=1))


@pytest.mark.parametrize(
    ("meanwhile", "problem"),
    [(_rules_changed, "rules: were changed"), (_model_changed, "model: another one serves")],
)
@pytest.mark.usefixtures("artifact")
def test_a_change_that_was_overtaken_is_refused_whole(
    engine: Engine, workshop: Workshop, meanwhile: Callable[[Engine], None], problem: str
) -> None:
    for wanted in (
        _wanted(LabelMove.RENAME, "refund", "money-back"),
        _wanted(LabelMove.RENAME, "login", "access"),
    ):
        found = _look(engine, wanted)
        meanwhile(engine) if wanted.before == ("refund",) else _rules_changed(engine)
        before = _state(engine)
        expected = problem if wanted.before == ("refund",) else "rules: were changed"
        with pytest.raises(Invalid, match=expected):
            carry_out(engine, wanted, found, workshop)
        assert _state(engine) == before


@pytest.mark.usefixtures("artifact")
def test_of_two_changes_at_once_one_wins_and_the_other_is_told(
    engine: Engine, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, one_by_one = trainer.labels.operated.operate, threading.Lock()
    made = threading.Barrier(2)

    def operate(*arguments: object) -> Artifact:
        """Loading a network is for one thread at a time; the commits then begin together."""
        with one_by_one:
            artifact = real(*arguments)  # type: ignore[arg-type]
        made.wait()
        return artifact

    monkeypatch.setattr(trainer.labels.relabelling, "operate", operate)
    moves = [_wanted(LabelMove.RENAME, "refund", new) for new in ("cash", "money")]
    outlooks = [_look(engine, wanted) for wanted in moves]
    errors: list[str] = []

    def run(wanted: Wanted, found: Outlook) -> None:
        try:
            carry_out(engine, wanted, found, workshop)
        except Invalid as error:
            errors.append(str(error))

    threads = [
        threading.Thread(target=run, args=pair) for pair in zip(moves, outlooks, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert "'refund' is not in use" in errors[0]
    [winner] = _in_use(engine) - {*LABELS}
    assert winner in _active(engine).labels
    assert _active_rules(engine)[0]["when"] == {"label": winner}
    assert len(list(workshop.models.iterdir())) == 1


@pytest.mark.usefixtures("artifact")
def test_rules_and_models_with_names_that_were_given_up_are_refused(
    engine: Engine, workshop: Workshop, artifact: Artifact
) -> None:
    _do(engine, workshop, _wanted(LabelMove.RENAME, "refund", "money-back"))
    before = _state(engine)
    with pytest.raises(Invalid, match="label 'refund', which is 'money-back' now"):
        transaction(engine, lambda c: rulesets.save(c, _RULES, author="ops", note=""))
    with pytest.raises(Invalid, match="given up since: refund"):
        transaction(engine, lambda c: model_versions.rollback(c, actor="ops"))
    assert _state(engine) == before


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (_wanted(LabelMove.RENAME, "nonsense", "x"), "'nonsense' is not in use"),
        (_wanted(LabelMove.RENAME, "refund", "login"), "'login' is in use already"),
        (_wanted(LabelMove.SPLIT, "refund", "login x"), "'login' is in use already"),
        (_wanted(LabelMove.ADD, after="login"), "'login' is there already"),
    ],
)
@pytest.mark.usefixtures("artifact")
def test_what_makes_no_sense_is_refused(engine: Engine, wanted: Wanted, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        _look(engine, wanted)


@pytest.mark.usefixtures("artifact")
def test_a_name_that_was_given_up_never_means_something_else(
    engine: Engine, workshop: Workshop
) -> None:
    _do(engine, workshop, _wanted(LabelMove.RENAME, "refund", "money-back"))
    _do(engine, workshop, _wanted(LabelMove.RETIRE, "login"))
    for wanted, problem in (
        (_wanted(LabelMove.RENAME, "billing", "refund"), "once was the name of 'money-back'"),
        (_wanted(LabelMove.RENAME, "billing", "login"), "of a label that was retired"),
    ):
        with pytest.raises(Invalid, match=problem):
            _look(engine, wanted)
    _do(engine, workshop, _wanted(LabelMove.RENAME, "money-back", "refund"))
    _do(engine, workshop, _wanted(LabelMove.ADD, after="login", descriptions={"login": "log in"}))
    assert _in_use(engine) == {*LABELS}


def test_without_a_model_labels_change_all_the_same(engine: Engine, workshop: Workshop) -> None:
    wanted = _wanted(LabelMove.ADD, after="odd", descriptions={"odd": "strange"})
    assert _do(engine, workshop, wanted).model is None
    _do(engine, workshop, _wanted(LabelMove.RENAME, "odd", "even"))
    [label] = transaction(engine, taxonomy.labels)
    assert (label.name, label.description) == ("even", "strange")


def test_too_little_to_tell_a_label_from_is_refused_and_changes_nothing(
    engine: Engine, workshop: Workshop, tmp_path: Path
) -> None:
    install(engine, build_tiny_artifact(tmp_path / "artifact"))
    wanted = _wanted(LabelMove.ADD, after="odd", descriptions={"odd": "strange"})
    before = _state(engine)
    with pytest.raises(Invalid, match="there are 0 other tickets"):
        _do(engine, workshop, wanted)
    assert _state(engine) == before


@pytest.mark.usefixtures("artifact")
def test_an_answer_that_was_lost_after_the_commit_is_no_failure(
    engine: Engine, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transaction

    def loses_the_answer(engine: Engine, work: Callable[[Connection], object]) -> object:
        answer = real(engine, work)
        if not loses_the_answer.__dict__.setdefault("lost", False) and _is_renamed(engine):
            loses_the_answer.__dict__["lost"] = True
            return real(engine, work)
        return answer

    monkeypatch.setattr(trainer.labels.relabelling, "transaction", loses_the_answer)
    change = _do(engine, workshop, _wanted(LabelMove.RENAME, "refund", "money-back"))
    assert change.model is not None
    assert _active(engine).version == change.model.version
    load_network(_active(engine), device="cpu", threads=1)


def _is_renamed(engine: Engine) -> bool:
    return "money-back" in _in_use(engine)
