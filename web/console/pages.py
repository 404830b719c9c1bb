"""Pages and parts of pages: templates with what all of them share, escaped throughout.

What changes something carries the session's CSRF token, which the shell puts into every request
that a page makes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from core.types import Role
from store.access.api_tokens import Caller
from web.console.kept import conditions, effects, sentences
from web.console.numbers import number, percent
from web.console.rules.findings import problem, remedy
from web.console.terms import called
from web.console.words import LANGUAGE_COOKIE, N_, catalogues, language_of, translator

_EVERYBODY = frozenset(Role)
_JUDGES = _EVERYBODY - {Role.HELPDESK}
_CONTROLS = _JUDGES - {Role.AGENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the navigation: where it leads, what it is called, who is shown it."""

    path: str
    name: str
    roles: frozenset[Role] = _EVERYBODY


PLACES: Sequence[Place] = (
    Place(path="/", name=N_("Live")),
    Place(path="/review", name=N_("Review"), roles=_JUDGES),
    Place(path="/labels", name=N_("Labels")),
    Place(path="/rules", name=N_("Rules"), roles=_JUDGES),
    Place(path="/departments", name=N_("Departments")),
    Place(path="/models", name=N_("Models"), roles=_JUDGES),
    Place(path="/training", name=N_("Training"), roles=_JUDGES),
    Place(path="/health", name=N_("Health"), roles=_JUDGES),
    Place(path="/admin", name=N_("Admin"), roles=_CONTROLS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request for a page.

    Attributes:
        person: who asks; None for a stranger.
        csrf: what their requests must carry; empty for a stranger.
    """

    request: Request
    person: Caller | None
    csrf: str

    def hand_over(self, answer: Response) -> None:
        """Has the browser keep a session that began with this request."""
        begun: str | None = getattr(self.request.state, "new_session", None)
        if begun is not None:
            self.request.app.state.doorman.cookie.put(answer, begun)

    @property
    def place(self) -> Place | None:
        """The entry of the navigation that the page belongs to."""
        path = self.request.url.path
        under = (each for each in PLACES if each.path != "/" and path.startswith(each.path))
        return next(under, PLACES[0] if path == "/" else None)


class Pages:
    """Renders templates; made once by the composition root."""

    def __init__(self) -> None:
        self._by_language: Mapping[str, Environment] = {
            language: _environment(language) for language in catalogues()
        }

    def page(self, visit: Visit, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
        """A whole page, or a part of one, in the reader's language.

        Args:
            visit: for whom.
            template: that extends `shell.html`, or a part that begins with `_` in its folder.
            status: of the answer.
            shown: what the template needs; a name that is missing fails the request.
        """
        html = self.html(visit, template, **shown)
        answer = HTMLResponse(html, status, {"cache-control": "no-store", "vary": "cookie"})
        visit.hand_over(answer)
        return answer

    def html(self, visit: Visit, template: str, **shown: Any) -> str:
        """The same as text."""
        asked = visit.request
        chosen = asked.cookies.get(LANGUAGE_COOKIE)
        language = language_of(asked.headers.get("accept-language"), chosen)
        role = visit.person.role if visit.person else None
        return (
            self._by_language[language]
            .get_template(template)
            .render(
                visit=visit,
                language=language,
                places=[place for place in PLACES if role in place.roles],
                **shown,
            )
        )


def static_files() -> StaticFiles:
    """Style sheets, scripts and pictures."""
    return StaticFiles(directory=str(files("web") / "static"))


def duration(seconds: float) -> str:
    """A time span in the largest unit that fits: `42 s`, `7 min`, `3 h`, `5 d`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def moment(at: datetime) -> Markup:
    """A `time` element that the shell's script tells in the reader's zone, as an age."""
    return Markup('<time datetime="{}">{} UTC</time>').format(
        at.isoformat(), at.strftime("%Y-%m-%d %H:%M")
    )


def exact(at: datetime) -> Markup:
    """A `time` element that the shell's script tells in the reader's zone, to the minute."""
    return Markup('<time datetime="{}" data-exact>{} UTC</time>').format(
        at.isoformat(), at.strftime("%Y-%m-%d %H:%M")
    )


def _environment(language: str) -> Environment:
    pages = Environment(
        loader=PackageLoader("web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalogues()[language]
    pages.install_gettext_callables(  # type: ignore[attr-defined]
        translator(language), words.ngettext, newstyle=True
    )
    pages.filters |= {
        "called": partial(called, words=words),
        "condition": conditions(words, language),
        "duration": duration,
        "effect": effects(words, language),
        "kept": sentences(words, language),
        "moment": moment,
        "problem": partial(problem, words=words),
        "remedy": partial(remedy, words=words),
        "exact": exact,
        "number": partial(number, language=language),
        "percent": partial(percent, language=language),
    }
    return pages
