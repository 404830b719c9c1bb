"""Scores are trusted in the languages that the model is fit for."""

import json
from collections.abc import Sequence

import pytest

from core.types import Automation, LabelLevel, Reason, Routing, Rung
from router.conditions import FieldIs
from router.decide import decide
from router.policy import make_policy, parse_policy, policy_object
from router.rulebook import compile_rulebook
from tests.factories.rulesets import MONDAY_NOON, a_rule, a_ruleset, label, none_of
from tests.factories.values import a_ticket

_THRESHOLDS = {"refund": 0.5, "languages": 0.5}


def _route(language: str | None, supported: Sequence[str], **more: object) -> Routing:
    rules = more.get("rules", (a_rule(10, label("refund")),))
    return decide(
        scores={"refund": 0.9},
        policy=make_policy(_THRESHOLDS, more.get("levels"), supported),  # type: ignore[arg-type]
        rulebook=compile_rulebook(a_ruleset(*rules)),  # type: ignore[misc]
        ticket=a_ticket(language=language),
        rung=Rung.MODEL,
        now=MONDAY_NOON,
    )


@pytest.mark.parametrize("language", ["fr", "FR-ca", "d", "x-de"])
def test_an_unsupported_language_is_never_placed_by_labels(language: str) -> None:
    routing = _route(language, ["de", "en"])
    assert (routing.primary, routing.reason) == ("desk", Reason.UNSUPPORTED_LANGUAGE)
    assert routing.labels == ()


@pytest.mark.parametrize("language", ["de", "DE", "de-AT", "de_AT", None, ""])
def test_a_language_covers_its_variants_and_an_untold_one_is_trusted(language: str | None) -> None:
    routing = _route(language, ["de"])
    assert (routing.primary, routing.reason) == ("billing", Reason.RULE)


def test_without_the_setting_every_language_is_supported() -> None:
    assert _route("fr", []).reason is Reason.RULE


def test_a_variant_that_is_supported_does_not_cover_its_language() -> None:
    assert _route("pt", ["pt-BR"]).reason is Reason.UNSUPPORTED_LANGUAGE
    assert _route("pt_br", ["pt-BR"]).reason is Reason.RULE


def test_rules_that_ask_for_no_label_place_it_all_the_same() -> None:
    french = a_rule(10, FieldIs(field="language", values=("fr",)), primary="paris")
    routing = _route("fr-CA", ["de"], rules=(french, a_rule(20, label("refund"))))
    assert (routing.primary, routing.rule) == ("paris", "rule-10")


def test_to_rules_every_label_is_unknown_then_and_agents_are_offered_none() -> None:
    levels = {"refund": LabelLevel(automation=Automation.SUGGEST)}
    without = a_rule(10, none_of(label("refund")), primary="orders")
    routing = _route("fr", ["de"], rules=(without,), levels=levels)
    assert (routing.primary, routing.suggested) == ("orders", ())


@pytest.mark.parametrize("levels", [None, {"languages": LabelLevel(automation=Automation.SUGGEST)}])
@pytest.mark.parametrize("supported", [(), ("de", "pt_BR")])
def test_the_document_behind_a_version_tells_the_languages_too(
    levels: dict[str, LabelLevel] | None, supported: tuple[str, ...]
) -> None:
    policy = make_policy(_THRESHOLDS, levels, supported)
    again = parse_policy(json.loads(json.dumps(policy_object(policy))))
    assert again == policy
    assert again.version == policy.version
    assert (make_policy(_THRESHOLDS, levels).version == policy.version) == (not supported)
