"""The label pages: what they show, each change that they make, and to whom they offer it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from core.types import Automation, ControlledArea, LabelLevel, Role
from store.access import proposals
from store.engine import transaction
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.callers import a_person, sign_in, web_settings
from tests.factories.models import install
from trainer.operating.curves import measure_curves
from web.app import make_app
from web.console.labels.shown import key_of

_RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": "money", "order": 1, "when": {"label": "refund"}, "then": {"primary": "billing"}}
    ],
}
_EVIL = "<img src=x onerror=alert(1)>\"'/../{{7*7}}"
_REFUND = f"/labels/{key_of('refund')}"


@pytest.fixture(autouse=True)
def taxonomies(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        departments = [Department(name="billing"), Department(name="service-desk")]
        taxonomy.add_departments(connection, departments)
        rulesets.save(connection, _RULES, author="ops", note="")

    transaction(engine, work)


@pytest.fixture
def model(engine: Engine, tmp_path: Path) -> str:
    chance = np.random.default_rng(0)
    scores = chance.beta(0.3, 0.6, (2000, 4))
    truth = (chance.random(scores.shape) < scores).astype(np.uint8)
    curves = measure_curves(truth, scores, LABELS)
    artifact = build_tiny_artifact(tmp_path / "model", also=curves.save)
    install(engine, artifact)
    return artifact.version


def signed_in(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    return signed_in(client, engine, Role.OPS)


def _send(client: TestClient, path: str, **fields: Any) -> Any:
    return client.post(path, data=fields, headers={"hx-request": "true"})


def _tag(html: str, form: str) -> str:
    found = re.search(rf'hx-post="{form}".*?name="made_on" value="([^"]+)"', html, re.DOTALL)
    assert found is not None
    return found[1].replace("&#34;", '"')


def _level(engine: Engine, name: str) -> LabelLevel:
    return next(x.level for x in transaction(engine, taxonomy.labels) if x.name == name)


def test_the_list_tells_what_each_label_has_and_needs(ops: TestClient) -> None:
    page, table = ops.get("/labels").text, ops.get("/labels/table").text
    assert 'hx-get="/labels/table"' in page
    assert "Add a label" in page
    for name in LABELS:
        assert f'href="/labels/{key_of(name)}">{name}</a>' in table
    assert table.count("needs 4 more") == len(LABELS)
    assert "not judged" in table


def test_hostile_names_and_words_are_escaped_and_in_no_address_or_title(
    ops: TestClient, engine: Engine
) -> None:
    evil = Label(name=_EVIL, description=_EVIL, guidelines=_EVIL)
    transaction(engine, lambda c: taxonomy.add_labels(c, [evil]))
    for path in ("/labels", "/labels/table", f"/labels/{key_of(_EVIL)}", _REFUND):
        html = ops.get(path).text
        assert "&lt;img src=x" in html
        assert "<img src=x" not in html
        assert "49" not in re.findall(r"<h1.*?</h1>", html, re.DOTALL)[:1]
        assert "img src" not in "".join(re.findall(r"<title>.*?</title>|href=\"[^\"]*\"", html))


def test_words_are_saved_on_what_was_read_and_a_late_edit_shows_both(
    ops: TestClient, engine: Engine
) -> None:
    tag = _tag(ops.get(_REFUND).text, f"{_REFUND}/words")
    words = {"made_on": tag, "description": "Money back", "guidelines": "Not for vouchers"}
    saved = _send(ops, f"{_REFUND}/words", **words, example="I want my money back")
    assert (saved.status_code, saved.headers["hx-redirect"]) == (204, _REFUND)
    page = ops.get(_REFUND).text
    assert "Not for vouchers" in page
    assert "I want my money back" in ops.get(f"{_REFUND}/examples").text
    late = _send(ops, f"{_REFUND}/words", made_on=tag, description="Mine <b>", guidelines="")
    assert (late.status_code, late.headers["hx-retarget"]) == (412, "#notice")
    assert "Money back" in late.text
    assert "Mine &lt;b&gt;" in late.text
    label = next(x for x in transaction(engine, taxonomy.labels) if x.name == "refund")
    assert label.description == "Money back"


def test_a_threshold_is_seen_on_the_curve_and_saved_with_what_it_was_measured_on(
    ops: TestClient, engine: Engine, model: str
) -> None:
    page = ops.get(_REFUND).text
    curve = re.search(r'data-curve="([^"]+)"', page)
    assert curve is not None
    points = json.loads(curve[1].replace("&#34;", '"'))
    assert len(points) > 5
    assert points[-1][0] == 0
    assert page.count("<polyline") == 3
    tag = _tag(page, f"{_REFUND}/level")
    saved = _send(ops, f"{_REFUND}/level", made_on=tag, automation="auto", auto_from="0.7")
    assert saved.status_code == 204
    assert _level(engine, "refund") == LabelLevel(auto_from=0.7)
    kept = next(x for x in transaction(engine, taxonomy.labels) if x.name == "refund")
    assert kept.measured_on == model
    late = _send(ops, f"{_REFUND}/level", made_on=tag, automation="off", auto_from="0.7")
    assert late.status_code == 412
    assert "Somebody else saved first" in late.text


def test_scores_of_another_model_are_called_stale_and_a_new_level_does_not_hide_that(
    ops: TestClient, engine: Engine, model: str, tmp_path: Path
) -> None:
    tag = _tag(ops.get(_REFUND).text, f"{_REFUND}/level")
    _send(ops, f"{_REFUND}/level", made_on=tag, automation="auto", auto_from="0.7")
    install(engine, build_tiny_artifact(tmp_path / "next", seed=1))
    page = ops.get(_REFUND).text
    assert f"chosen by the figures of model {model}" in page
    tag = _tag(page, f"{_REFUND}/level")
    _send(ops, f"{_REFUND}/level", made_on=tag, automation="suggest", auto_from="0.7")
    assert f"chosen by the figures of model {model}" in ops.get(_REFUND).text
    assert "stale" in ops.get("/labels/table").text


def test_scores_out_of_order_are_refused_and_change_nothing(
    ops: TestClient, engine: Engine, model: str
) -> None:
    tag = _tag(ops.get(_REFUND).text, f"{_REFUND}/level")
    scores = {"preselect_from": "0.8", "auto_from": "0.5"}
    refused = _send(ops, f"{_REFUND}/level", made_on=tag, automation="auto", **scores)
    assert (refused.status_code, refused.headers["hx-retarget"]) == (422, "#notice")
    assert _level(engine, "refund") == LabelLevel()


def test_a_goal_fills_the_form_and_saves_nothing(
    ops: TestClient, engine: Engine, model: str
) -> None:
    part = _send(ops, f"{_REFUND}/goal", goal="precision", target="70").text
    assert "The goal is reached from" in part
    assert "Nothing is saved yet" in part
    assert _level(engine, "refund") == LabelLevel()


def test_a_goal_for_all_labels_is_previewed_and_then_counts(
    ops: TestClient, engine: Engine, model: str
) -> None:
    part = _send(ops, "/labels/goal", goal="coverage", target="60").text
    assert part.count('scope="row"') == len(LABELS)
    change = re.search(r'name="change" value="([^"]+)"', part)
    assert change is not None
    body = {"change": change[1].replace("&#34;", '"'), "made_on": _tag(part, "/labels/goal/save")}
    assert _level(engine, "login") == LabelLevel()
    assert _send(ops, "/labels/goal/save", **body).headers["hx-redirect"] == "/labels"
    assert _level(engine, "login").auto_from is not None
    assert _send(ops, "/labels/goal/save", **body).status_code == 412
    assert _send(ops, "/labels/goal/save", change="{", made_on="x").status_code == 422


def test_a_rename_is_shown_first_and_then_made(ops: TestClient, engine: Engine) -> None:
    wanted = {"kind": "rename", "to": "money-back"}
    seen = _send(ops, f"{_REFUND}/move", **wanted)
    assert "<code" in seen.text
    assert "money</code>" in seen.text
    assert "The model stays as it is" in seen.text
    assert ops.get(_REFUND).status_code == 200
    made = _send(ops, f"{_REFUND}/move", **wanted, step="make")
    assert made.headers["hx-redirect"] == f"/labels/{key_of('money-back')}"
    assert ops.get(_REFUND).status_code == 404
    assert ops.get(made.headers["hx-redirect"]).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "there", "gone"),
    [
        ({"kind": "merge", "others": ["login"], "to": "refund"}, {"refund"}, {"login"}),
        (
            {"kind": "split", "into": ["a", "b", ""], "described": ["x", "", ""]},
            {"a", "b"},
            {"refund"},
        ),
        ({"kind": "retire", "to": "login"}, {"login"}, {"refund"}),
    ],
)
def test_labels_are_merged_split_and_retired(
    ops: TestClient, engine: Engine, wanted: dict[str, Any], there: set[str], gone: set[str]
) -> None:
    assert _send(ops, f"{_REFUND}/move", **wanted, step="make").status_code == 204
    names = {label.name for label in transaction(engine, taxonomy.labels)}
    assert there <= names
    assert not gone & names


def test_what_cannot_be_done_is_told_in_words(ops: TestClient) -> None:
    named = _send(ops, f"{_REFUND}/move", kind="retire", step="make")
    assert (named.status_code, "rule money" in named.text) == (422, True)
    alone = _send(ops, f"{_REFUND}/move", kind="merge", to="refund")
    assert (alone.status_code, "choose the labels" in alone.text) == (422, True)
    untaught = _send(ops, "/labels/new", name="outage")
    assert (untaught.status_code, "describe the label" in untaught.text) == (422, True)


def test_a_label_is_added_and_with_a_model_a_trainer_makes_it(ops: TestClient, model: str) -> None:
    wanted = {"name": "outage", "description": "Nothing works"}
    seen = _send(ops, "/labels/new", **wanted)
    assert f"The model {model} serves: a trainer makes another" in seen.text
    place = _send(ops, "/labels/new", **wanted, step="make").headers["hx-redirect"]
    page = ops.get(place).text
    assert "Waits for a trainer" in page
    assert f'hx-get="{place}"' in page
    again = _send(ops, "/labels/new", name="x", description="y", step="make")
    assert again.status_code == 409


def test_agents_read_and_are_offered_no_change(
    client: TestClient, engine: Engine, model: str
) -> None:
    agent = signed_in(client, engine, Role.AGENT)
    page = agent.get(_REFUND).text
    assert "hx-post" not in page.replace('hx-post="/v1/sign-out"', "")
    assert "Add a label" not in agent.get("/labels").text
    assert agent.get("/labels/new").status_code == 403
    refused = _send(agent, f"{_REFUND}/level", made_on="x", automation="off")
    assert refused.status_code == 403
    assert _level(engine, "refund").automation is Automation.AUTO


def test_under_four_eyes_a_level_waits_for_a_second_person(
    postgres_url: str, redis_url: str, engine: Engine, model: str
) -> None:
    settings = web_settings(postgres_url, redis_url, four_eyes=ControlledArea.THRESHOLDS.value)
    with TestClient(make_app(settings)) as client:
        ops = signed_in(client, engine, Role.OPS)
        tag = _tag(ops.get(_REFUND).text, f"{_REFUND}/level")
        kept = _send(ops, f"{_REFUND}/level", made_on=tag, automation="off")
    assert (kept.status_code, "second person" in kept.text) == (202, True)
    assert _level(engine, "refund").automation is Automation.AUTO
    waiting = transaction(
        engine, lambda c: proposals.proposals(c, before=None, most=5, waiting=True)
    )
    assert [each.change for each in waiting] == ["thresholds.save"]
