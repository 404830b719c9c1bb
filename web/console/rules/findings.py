"""What lint found, as the reader's language says it; the linter itself says it in English."""

from collections.abc import Mapping

from babel.support import NullTranslations

from router.lint import Finding
from web.console.words import N_

_ANOTHER = N_("create it or name another")
WORDS: Mapping[str, tuple[str, str]] = {
    "missing-default": (
        N_("the default department %(department)s does not exist"),
        N_("name an existing department"),
    ),
    "dangling-department": (N_("department %(department)s does not exist"), _ANOTHER),
    "dangling-label": (N_("label %(label)s does not exist"), _ANOTHER),
    "over": (
        N_("its time was over at %(at)s"),
        N_("remove it, or give it a later effective_to"),
    ),
    "unreachable": (
        N_("rule %(other)s before it always holds and stops"),
        N_("give it an order before %(order)s"),
    ),
    "overruled-primary": (
        N_("its primary never applies: rule %(other)s before it always sets one"),
        N_("give it an order before %(order)s, or only collaborators"),
    ),
    "contradiction": (N_("it never holds: %(what)s"), N_("drop one of them")),
    "duplicate": (
        N_("rule %(other)s has the same conditions and the same primary"),
        N_("merge the two"),
    ),
    "unrouted-label": (N_("label %(label)s leads to no department"), N_("add a rule for it")),
    "held-label": (
        N_("it does not see label %(label)s, which is below level auto"),
        N_("`pointsman labels level %(label)s auto` when the label may route"),
    ),
}
"""What is wrong and what to do, for each kind of finding."""


def problem(finding: Finding, *, words: NullTranslations) -> str:
    """What is wrong."""
    return _told(finding, 0, words)


def remedy(finding: Finding, *, words: NullTranslations) -> str:
    """What to do."""
    return _told(finding, 1, words)


def _told(finding: Finding, part: int, words: NullTranslations) -> str:
    return str(words.gettext(WORDS[finding.code][part])) % finding.about
