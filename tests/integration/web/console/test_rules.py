"""The rules pages: the list, a draft through every kind of change, the editor, saving, history."""

import json
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from core.types import Automation, LabelLevel, Role
from router.parse import parse_ruleset
from router.ruleset import ruleset_object
from store.access import proposals
from store.engine import transaction
from store.queue.tickets import accept
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import Serve, a_person, sign_in
from tests.factories.deciding import decide_all
from tests.factories.values import tickets

_EVIL = "<img src=x onerror=alert(1)>\"'/../{{7*7}}"
_ALL_KINDS: dict[str, Any] = {
    "id": "everything",
    "order": 20,
    "description": "two\nlines",
    "enabled": False,
    "effective_from": "2026-01-01T00:00:00+00:00",
    "effective_to": "2026-09-01T06:30:15.250000+00:00",
    "when": {
        "none": [
            {"score": {"label": "refund", "at_least": 0.25, "below": 0.9}},
            {"text": {"contains": ["my lawyer", "größe"], "in": "subject"}},
            {"channel": ["chat", "phone"]},
            {"customer": "c-9*"},
            {"metadata": {"key": "plan.tier", "is": ["gold", "7"]}},
            {"metadata": {"key": "vip", "exists": False}},
            {"hours": {"days": ["sat", "sun"], "from": "20:00", "to": "07:00", "zone": "UTC"}},
            {"share": 0.125},
            {"any": [{"label": "refund"}, {"all": [{"language": "de"}]}]},
        ]
    },
    "then": {"collaborators": ["desk", "billing"]},
    "stop": True,
}
_RULES: dict[str, Any] = {
    "default_department": "desk",
    "rules": [
        {"id": "money", "order": 10, "when": {"label": "refund"}, "then": {"primary": "billing"}},
        _ALL_KINDS,
        {"id": "last", "order": 30, "then": {"primary": "desk"}, "stop": True},
    ],
}


class _Form(HTMLParser):
    """The fields of a part of the page as a browser would send them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._select = self._area = ""
        self._options: list[tuple[str | None, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        name, value = at.get("name") or "", at.get("value")
        if tag == "input" and at.get("type") in ("checkbox", "radio") and "checked" not in at:
            return
        if tag == "input" and name and at.get("type") != "file":
            self._put(
                name, ("on" if at.get("type") == "checkbox" else "") if value is None else value
            )
        elif tag == "select":
            self._select, self._options = name, []
        elif tag == "option" and self._select:
            self._options.append((value, "selected" in at))
        elif tag == "textarea":
            self._area = name
            self._put(name, "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area][-1] += data
        elif self._select and self._options and self._options[-1][0] is None:
            self._options[-1] = (data, self._options[-1][1])

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        if tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected]
            self._put(self._select, (chosen or [self._options[0][0]])[0] or "")
            self._select = ""

    def _put(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)


class _Page:
    """The rules page in a browser: what it shows, and its buttons."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.show(client.get("/rules/desk"))

    def show(self, answer: Any) -> None:
        self.status, self.headers = answer.status_code, answer.headers
        if "hx-retarget" in answer.headers:
            self.notice = answer.text
        else:
            self.html = answer.text
            self.fields = _Form(answer.text).fields

    def press(self, do: str, **changes: Any) -> None:
        self._post("/rules/draft", {"do": do, **changes})

    def save(self, note: str = "") -> None:
        self._post("/rules/save", {"note": note})

    def _post(self, path: str, changes: Mapping[str, Any]) -> None:
        data = {**self.fields, **changes}
        self.show(self._client.post(path, data=data, headers={"hx-request": "true"}))

    @property
    def draft(self) -> dict[str, Any]:
        return dict(json.loads(self.fields["draft"][0]))

    @property
    def shown(self) -> list[str]:
        return re.findall(r'data-rule="([^"]+)"', self.html)

    def line(self, rule: str) -> str:
        found = re.search(
            rf'<li class="rule[^"]*" id="rule-{rule}".*?(?=<li class="rule|</ol>)', self.html, re.S
        )
        assert found is not None
        return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


@pytest.fixture(autouse=True)
def rules(engine: Engine) -> int:
    def work(connection: Connection) -> int:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", "payments")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        return rulesets.save(connection, _RULES, author="ann", note="first")

    return transaction(engine, work)


def _signed_in(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    return _signed_in(client, engine, Role.OPS)


@pytest.fixture
def page(ops: TestClient) -> _Page:
    return _Page(ops)


def _stands(engine: Engine) -> dict[str, Any]:
    found = transaction(engine, rulesets.active)
    assert found is not None
    return found.document


def _saved_by_another(engine: Engine, **changes: Any) -> int:
    document = {**_stands(engine), **changes}
    return transaction(
        engine, lambda c: rulesets.save(c, document, author="bob", note="was <quicker>")
    )


def test_the_list_tells_order_condition_outcome_stop_dates_and_findings(page: _Page) -> None:
    assert page.shown == ["money", "everything", "last"]
    assert "refund is predicted" in page.line("money")
    assert "Move money down" in page.html
    everything = page.line("everything")
    for words in ("20", "off", "none of these holds", "time is sat, sun", "language is de"):
        assert words in everything
    assert "until 2026-09-01 06:30 UTC" in everything
    assert "stops here" in page.line("last")
    assert "Revision" in page.html
    assert "draft-bar" not in page.html


def test_a_finding_stands_beside_its_rule(page: _Page, engine: Engine) -> None:
    level = LabelLevel(automation=Automation.SUGGEST)
    transaction(engine, lambda c: taxonomy.set_level(c, "refund", level, actor="ann"))
    page.press("find")
    assert "it does not see label refund" in page.line("money")
    assert "it does not see" not in page.line("last")


def test_hits_of_the_last_30_days_are_counted_once_and_stay_with_the_draft(
    ops: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: accept(c, tickets(3), source="shop"))
    decide_all(engine)
    hits = [{"rule": "money", "held": True}, {"rule": "last", "held": False}]
    work = "UPDATE decisions SET rule = 'money', trace = CAST(:trace AS jsonb)"
    transaction(
        engine, lambda c: c.exec_driver_sql(work.replace(":trace", "%s"), (json.dumps(hits),))
    )
    page = _Page(ops)
    assert "3 held 3 decided" in page.line("money")
    assert "0 held" in page.line("last")
    transaction(engine, lambda c: c.exec_driver_sql("DELETE FROM decisions"))
    page.press("down money")
    assert "3 held" in page.line("money")


def test_moves_removals_and_the_default_make_a_draft_that_one_save_lets_decide(
    page: _Page, engine: Engine, rules: int
) -> None:
    page.press("down money")
    assert page.shown == ["everything", "money", "last"]
    assert "money is at place 2 of 3 now." in page.html
    page.press("move last 0")
    assert page.shown == ["last", "everything", "money"]
    page.press("remove everything")
    assert page.shown == ["last", "money"]
    page.press("putback everything")
    page.press("remove last")
    page.press("default", default_department="payments")
    assert _stands(engine) == ruleset_object(parse_ruleset(_RULES))
    page.save(note="money <first>")
    assert page.status == 200
    assert f"Revision {rules + 1} decides now." in page.html
    stands = _stands(engine)
    assert stands["default_department"] == "payments"
    assert [rule["id"] for rule in stands["rules"]] == ["everything", "money"]
    told = transaction(engine, lambda c: rulesets.told(c, rules + 1))
    assert told is not None
    assert (told.author, told.note) == ("ops@example.com", "money <first>")
    assert "draft-bar" not in page.html


def test_the_editor_gives_back_every_kind_of_condition_as_it_was(page: _Page) -> None:
    before = page.draft
    page.press("open everything")
    assert page.fields["0.8.1:kind"] == ["all"]
    page.press("take")
    assert page.status == 200
    assert page.draft == before
    assert "draft-bar" not in page.html


def test_a_new_rule_is_written_condition_by_condition(page: _Page) -> None:
    page.press("new")
    assert page.fields["order"] == ["40"]
    page.press("add 0", id="night", primary="billing", **{"0:new": "any"})
    page.press("add 0.0", **{"0.0:new": "label"})
    assert re.search(r'name="0\.0\.0:label"[^>]* autofocus', page.html)
    page.press("add 0.0", **{"0.0:new": "hours", "0.0.0:label": "refund"})
    page.press("add 0", **{"0:new": "share"})
    page.press("drop 0.1")
    page.press("take", **{"0.0.1:days": ["mon"], "0.0.1:zone": "Europe/Berlin"})
    assert page.draft["rules"][-1] == {
        "id": "night",
        "order": 40,
        "when": {
            "any": [
                {"label": "refund"},
                {
                    "hours": {
                        "days": ["mon"],
                        "from": "09:00",
                        "to": "17:00",
                        "zone": "Europe/Berlin",
                    }
                },
            ]
        },
        "then": {"primary": "billing"},
    }


_REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "Not a slug"}, "id", "has the wrong form"),
    ({"id": "money"}, "id", "is that of another rule"),
    ({"order": "10"}, "order", "10 is that of rule money"),
    ({"order": "first"}, "order", "give a whole number"),
    ({"primary": "", "collaborators": []}, "primary", "names no department"),
    ({"effective_to": "2025-01-01T00:00"}, "", "has no time in which it is in effect"),
    ({"0.0:below": "2"}, "0.0:below", "less than or equal to 1"),
    ({"0.1:contains": " \n "}, "0.1:contains", "is empty"),
    ({"0.6:zone": "Mars/Olympus"}, "0.6:zone", "is not a known time zone"),
    ({"0.7:share": "half"}, "0.7:share", "valid number"),
]


def test_what_is_refused_is_told_at_its_field_and_what_was_typed_stays(page: _Page) -> None:
    page.press("open everything")
    untouched = page.fields
    for changes, field, words in _REFUSED:
        page.fields = untouched
        page.press("take", **changes)
        assert page.status == 422
        assert words in page.html
        if field:
            assert re.search(rf'name="{re.escape(field)}"[^>]*aria-invalid="true"', page.html)
        for name, value in changes.items():
            assert page.fields.get(name, []) == ([value] if isinstance(value, str) else value)


def test_errors_are_told_and_keep_a_draft_from_being_saved(page: _Page, engine: Engine) -> None:
    page.press("open money")
    page.press("take", **{"0.0:label": "nonsense"})
    assert "label nonsense does not exist" in page.line("money")
    assert re.search(r'type="submit" disabled', page.html)
    page.save()
    assert page.status == 422
    assert "label nonsense does not exist" in page.line("money")
    assert _stands(engine)["rules"][0]["when"] == {"label": "refund"}


def test_a_draft_that_was_overtaken_shows_both_and_can_be_taken_onto_theirs(
    page: _Page, engine: Engine
) -> None:
    page.press("open last")
    page.press("take", primary="payments")
    theirs = [rule for rule in _stands(engine)["rules"] if rule["id"] != "everything"]
    theirs[0] = {**theirs[0], "then": {"primary": "payments"}}
    version = _saved_by_another(engine, rules=theirs)
    page.save()
    assert page.status == 412
    assert f"bob saved revision {version}" in page.html
    assert "was &lt;quicker&gt;" in page.html
    assert page.html.count("Save rules") == 0
    page.press("onto")
    assert page.shown == ["money", "last"]
    assert "Somebody else saved first" not in page.html
    page.save()
    assert page.status == 200
    assert [rule["then"] for rule in _stands(engine)["rules"]] == [{"primary": "payments"}] * 2


def test_where_both_changed_one_rule_it_is_named_and_mine_can_be_discarded(
    page: _Page, engine: Engine
) -> None:
    page.press("open money")
    page.press("take", primary="payments")
    theirs = [rule for rule in _stands(engine)["rules"] if rule["id"] != "money"]
    _saved_by_another(engine, rules=theirs)
    page.press("find")
    assert "Both changed these" in page.html
    assert "<code>money</code> </p>" in page.html
    page.press("discard")
    assert page.shown == ["everything", "last"]
    assert "draft-bar" not in page.html


def test_a_whole_draft_can_be_written_or_sent_as_yaml(page: _Page, ops: TestClient) -> None:
    page.press("yaml")
    assert "default_department: desk" in page.fields["yaml"][0]
    page.press("read", yaml="default_department: desk\nrules:\n- id: [")
    assert page.status == 422
    assert "line 4" in page.html
    assert page.fields["yaml"][0].endswith("- id: [")
    kept = {name: values[0] for name, values in page.fields.items()}
    rule = b"default_department: billing\nrules:\n- id: one\n  order: 1\n  then: {primary: desk}\n"
    page.show(
        ops.post(
            "/rules/draft",
            data={**kept, "do": "read"},
            files={"file": ("rules.yaml", rule)},
            headers={"hx-request": "true"},
        )
    )
    assert page.shown == ["one"]
    assert "other default department" in page.html
    assert "Removed in this draft: 3" in page.html


def test_another_page_hands_a_draft_over(ops: TestClient, rules: int) -> None:
    draft = json.dumps({**_RULES, "rules": _RULES["rules"][:1]})
    headers = {"hx-request": "true", "hx-target": "main"}
    answer = ops.post("/rules/draft", data={"draft": draft}, headers=headers)
    assert answer.headers["hx-push-url"] == "/rules"
    assert "<h1>Rules</h1>" in answer.text
    assert "Removed in this draft: 2" in answer.text
    assert f'name="base" value="{rules}"' in answer.text


def test_a_draft_that_is_none_is_refused(ops: TestClient, rules: int) -> None:
    for draft in ("", "[" * 100_000, '{"default_department": "\\ud800"}', "{}", "NaN"):
        data = {"draft": draft, "base": str(rules), "do": "find"}
        answer = ops.post("/rules/draft", data=data, headers={"hx-request": "true"})
        assert answer.status_code in (200, 422)
        assert (answer.status_code == 200) == ("ud800" in draft)
    for base in ("", "-1", "9" * 30, "77"):
        data = {"draft": json.dumps(_RULES), "base": base, "do": "find"}
        answer = ops.post("/rules/draft", data=data, headers={"hx-request": "true"})
        assert answer.status_code == 422


def test_more_rules_than_a_page_shows_are_turned_and_found(ops: TestClient, engine: Engine) -> None:
    many = [
        {"id": f"r-{n}", "order": n, "description": f"about {n}", "then": {"primary": "desk"}}
        for n in range(450)
    ]
    _saved_by_another(engine, rules=many)
    page = _Page(ops)
    assert (len(page.shown), page.shown[0]) == (200, "r-0")
    page.press("page 400")
    assert (len(page.shown), page.shown[0]) == (50, "r-400")
    page.press("down r-400")
    assert page.shown[:2] == ["r-401", "r-400"]
    page.press("find", find="ABOUT 44")
    assert page.shown == [f"r-{n}" for n in range(450) if "44" in str(n)]
    assert "data-sorts" not in page.html


def test_before_the_first_rules_the_page_begins_with_the_default(
    ops: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: c.exec_driver_sql("DELETE FROM rulesets"))
    page = _Page(ops)
    assert "There is no rule yet" in page.html
    page.press("default", default_department="billing")
    page.save(note="begun")
    assert page.status == 200, page.html
    assert _stands(engine) == {"default_department": "billing", "rules": []}


def test_history_lists_compares_and_restores_with_undo(
    ops: TestClient, engine: Engine, rules: int
) -> None:
    second = _saved_by_another(engine, default_department="billing")
    html = ops.get("/rules/history").text
    assert "was &lt;quicker&gt;" in html
    assert html.index(">bob<") < html.index(">ann<")
    compared = ops.get(f"/rules/history?older={second}&newer={rules}").text
    assert '<div dir="auto" class="plus">+default_department: billing</div>' in compared
    assert "id: money" not in compared
    path = f"/rules/history/{rules}/restore"
    send = {"hx-request": "true"}
    done = ops.post(path, data={"base": str(second)}, headers=send)
    assert (done.status_code, done.headers["hx-trigger"]) == (200, "rules-saved")
    assert _stands(engine)["default_department"] == "desk"
    undo = re.search(r'hx-post="([^"]+)".*?name="base" value="(\d+)"', done.text, re.S)
    assert undo is not None
    late = ops.post(path, data={"base": str(second)}, headers=send)
    assert (late.status_code, late.headers["hx-retarget"]) == (412, "#notice")
    assert ops.post(undo[1], data={"base": undo[2]}, headers=send).status_code == 200
    assert _stands(engine)["default_department"] == "billing"
    assert ops.get("/rules/history?older=1&newer=99999").status_code == 404


def test_under_four_eyes_a_save_and_a_restore_wait_for_a_second_person(
    serve: Serve, engine: Engine, rules: int
) -> None:
    client = _signed_in(serve(four_eyes="rules"), engine, Role.OPS)
    page = _Page(client)
    page.press("remove last")
    page.save(note="why")
    assert (page.status, page.headers["hx-retarget"]) == (202, "#notice")
    assert "waits for a second person" in page.notice
    path = f"/rules/history/{rules}/restore"
    headers = {"hx-request": "true"}
    assert client.post(path, data={"base": str(rules)}, headers=headers).status_code == 202
    found = transaction(engine, lambda c: proposals.proposals(c, before=None, most=9, waiting=True))
    assert [each.change for each in found] == ["rules.save"] * 2
    assert _stands(engine) == ruleset_object(parse_ruleset(_RULES))


@pytest.mark.parametrize("role", [Role.AGENT, Role.APPROVER])
def test_who_may_not_edit_sees_the_rules_and_no_button(
    client: TestClient, engine: Engine, role: Role, rules: int
) -> None:
    reader = _signed_in(client, engine, role)
    html = reader.get("/rules").text + reader.get("/rules/desk").text
    html += reader.get("/rules/history").text
    assert "refund is predicted" in html
    for words in ("Add a rule", "Edit", "Restore", "/rules/draft", "/rules/save"):
        assert words not in html
    assert ("/rules/backtest" in html) == (role is Role.APPROVER)
    for path in ("/rules/draft", "/rules/save", f"/rules/history/{rules}/restore"):
        assert reader.post(path, data={"base": str(rules)}).status_code == 403


def test_hostile_names_and_words_are_escaped_on_every_part(ops: TestClient, engine: Engine) -> None:
    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=_EVIL)])
        taxonomy.add_departments(connection, [Department(name=_EVIL)])
        rule = {"id": "evil", "order": 1, "description": _EVIL, "when": {"label": _EVIL}}
        then = {"primary": _EVIL, "collaborators": [_EVIL]}
        document = {"default_department": _EVIL, "rules": [{**rule, "then": then}]}
        rulesets.save(connection, document, author=_EVIL, note=_EVIL)

    transaction(engine, work)
    page, parts = _Page(ops), []
    for do in ("find", "open evil", "back", "remove evil", "yaml"):
        page.press(do)
        parts.append(page.html)
    page.press("take", id="Evil<b>", **{"0.0:label": _EVIL})
    parts += [page.html, ops.get("/rules/history").text]
    for html in parts:
        assert "&lt;img src=x" in html
        assert "<img src=x" not in html
        assert "img src" not in "".join(re.findall(r"<title>.*?</title>|href=\"[^\"]*\"", html))
