"""What of the live page stands in its address: which tickets, and from where on."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from store.decided.ticket_pages import TicketFilter
from web.api.cursors import id_of
from web.api.words import CLEANED

_Word = Annotated[str, Field(max_length=200), CLEANED]
_Percent = Annotated[int, Field(ge=0, le=100)]
_PAGED = frozenset({"cursor", "order"})


class LiveFilters(BaseModel):
    """The query of the page; what is empty asks for nothing.

    Attributes:
        over: least score in percent of the label, or without one of the highest label.
        under: which that score does not reach.
        order: by arrival, so that older pages follow without a gap; as decided if empty.
        cursor: of the page; the first if empty.
    """

    model_config = ConfigDict(extra="ignore")

    label: _Word = ""
    department: _Word = ""
    over: _Percent | None = None
    under: _Percent | None = None
    model: _Word = ""
    source: _Word = ""
    language: _Word = ""
    state: Literal["", "decided", "review", "quarantined"] = ""
    order: Literal["", "arrival"] = ""
    cursor: Annotated[str, Field(max_length=100)] = ""

    @field_validator("over", "under", mode="before")
    @classmethod
    def _empty_is_none(cls, raw: object) -> object:
        return None if raw == "" else raw

    @property
    def is_any(self) -> bool:
        """Whether some tickets are left out."""
        return bool(self._said().keys() - _PAGED)

    @property
    def is_by_arrival(self) -> bool:
        """Whether it is a list in the order of arrival rather than the newest decisions."""
        return bool(self._said())

    @property
    def after(self) -> UUID | None:
        """The id after which the page begins.

        Raises:
            Invalid: we never gave the cursor.
        """
        return id_of(self.cursor) if self.cursor else None

    @property
    def wanted(self) -> TicketFilter:
        """The same for the store."""
        return TicketFilter(
            state=self.state or None,  # type: ignore[arg-type]
            label=self.label or None,
            department=self.department or None,
            source=self.source or None,
            language=self.language or None,
            model_version=self.model or None,
            score_from=None if self.over is None else self.over / 100,
            score_below=None if self.under is None else self.under / 100,
        )

    def address(self, **changes: str) -> str:
        """The query of another page of the same; empty values fall out."""
        said: Mapping[str, Any] = {**self._said(), **changes}
        return "?" + urlencode({name: value for name, value in said.items() if value != ""})

    def _said(self) -> dict[str, Any]:
        return {name: value for name, value in self if value not in ("", None)}
