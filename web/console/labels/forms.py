"""Forms of the label pages as the shapes of the API, so that both refuse the same."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from classifier.content_id import object_id
from core.errors import Invalid
from core.types import Automation, LabelMove
from router.label_outlook import Wanted
from web.api.labels.changes import examples_of
from web.api.labels.schemas import Merging, NewLabel, Renaming, Retiring, Splitting
from web.api.thresholds.schemas import Wish

Tag = Annotated[str, Field(max_length=100)]
Words = Annotated[str, Field(max_length=2_000)]
Examples = Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=100)]
_Shape = TypeVar("_Shape", bound=BaseModel)


class MoveForm(BaseModel):
    """What somebody filled in to rename, merge, split or retire a label.

    `to` is the new name, the label that is left of several, or the heir of one that is retired;
    `others` become one with it; it is split `into` labels of which `described` says what each is.
    """

    kind: LabelMove
    to: Words = ""
    others: Annotated[list[Words], Field(max_length=100)] = Field(default_factory=list)
    into: Annotated[list[Words], Field(max_length=20)] = Field(default_factory=list)
    described: Annotated[list[Words], Field(max_length=20)] = Field(default_factory=list)
    note: Words = ""
    step: Literal["show", "make"] = "show"


class NewForm(BaseModel):
    """A label to add; each `example` is the text of a ticket that carries it."""

    name: Words
    description: Words = ""
    example: Examples = Field(default_factory=list)
    automation: Automation | Literal[""] = ""
    step: Literal["show", "make"] = "show"


class WordsForm(BaseModel):
    """A label's words, and the text of a ticket that carries it."""

    made_on: Tag
    description: Words = ""
    guidelines: Words = ""
    example: Examples = Field(default_factory=list)


class LevelForm(BaseModel):
    """What a label may do; a score that is missing is the model's own threshold."""

    made_on: Tag
    automation: Automation
    preselect_from: Annotated[float, Field(ge=0, le=1)] | None = None
    auto_from: Annotated[float, Field(ge=0, le=1)] | None = None


class GoalForm(BaseModel):
    """A goal; `target` is in percent, the costs are minutes."""

    goal: Literal["precision", "recall", "coverage", "cost"]
    target: Annotated[float, Field(gt=0, lt=100)] = 90
    misroute: Annotated[float, Field(gt=0, le=1e6)] = 30
    look: Annotated[float, Field(gt=0, le=1e6)] = 4


def shaped(shape: type[_Shape], **fields: Any) -> _Shape:
    """The body that the API would take.

    Raises:
        Invalid: names the first field that is wrong.
    """
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "form"
        problem = f"is refused: {first['msg'].lower()}"
        raise Invalid(field, problem, "correct it and send it again") from error


def move_wanted(label: str, form: MoveForm, by: str) -> Wanted:
    """The change of a label that the form means.

    Raises:
        Invalid: names the field that is wrong.
    """
    makers = {
        LabelMove.RENAME: _renamed,
        LabelMove.MERGE: _merged,
        LabelMove.SPLIT: _split,
        LabelMove.RETIRE: _retired,
    }
    if form.kind not in makers:
        raise Invalid("kind", "is no change of one label", "reload the page")
    return makers[form.kind](label, form, by)


def addition_wanted(form: NewForm, by: str) -> Wanted:
    """The label that the form means.

    Raises:
        Invalid: names the field that is wrong.
    """
    body = shaped(
        NewLabel,
        label=form.name.strip(),
        description=form.description,
        examples=example_objects(form.example),
        automation=form.automation or None,
    )
    return Wanted(
        kind=LabelMove.ADD,
        after=(body.label,),
        descriptions={body.label: body.description} if body.description else {},
        examples=examples_of(body, [body.label]),
        automation=body.automation,
        actor=by,
    )


def example_objects(texts: Sequence[str]) -> list[dict[str, Any]]:
    """A ticket for each text; the same text gives the same id, so it counts once."""
    return [
        {"id": f"example-{object_id(text)}", "subject": "", "body": text}
        for text in texts
        if text.strip()
    ]


def wish_of(form: GoalForm, labels: Sequence[str] = ()) -> Wish:
    """The goal as the API knows it.

    Raises:
        Invalid: it cannot be meant so.
    """
    if form.goal == "cost":
        cost = {"misroute_minutes": form.misroute, "look_minutes": form.look}
        return shaped(Wish, cost=cost, labels=list(labels))
    return shaped(Wish, **{form.goal: form.target / 100}, labels=list(labels))


def _renamed(label: str, form: MoveForm, by: str) -> Wanted:
    body = shaped(Renaming, to=form.to.strip(), note=form.note)
    return Wanted(kind=form.kind, before=(label,), after=(body.to,), actor=by, note=body.note)


def _merged(label: str, form: MoveForm, by: str) -> Wanted:
    body = shaped(Merging, labels=list(form.others), into=form.to.strip(), note=form.note)
    if not body.labels:
        raise Invalid("others", "names no label", "choose the labels that become one with this")
    before = tuple(dict.fromkeys((label, *body.labels)))
    return Wanted(kind=form.kind, before=before, after=(body.into,), actor=by, note=body.note)


def _split(label: str, form: MoveForm, by: str) -> Wanted:
    pairs = [
        (name.strip(), words.strip())
        for name, words in zip(form.into, form.described, strict=False)
        if name.strip()
    ]
    descriptions = {name: words for name, words in pairs if words}
    into = [name for name, _ in pairs]
    body = shaped(Splitting, into=into, descriptions=descriptions, note=form.note)
    return Wanted(
        kind=form.kind,
        before=(label,),
        after=tuple(body.into),
        descriptions=body.descriptions,
        actor=by,
        note=body.note,
    )


def _retired(label: str, form: MoveForm, by: str) -> Wanted:
    body = shaped(Retiring, to=form.to or None, note=form.note)
    after = () if body.to is None else (body.to,)
    return Wanted(kind=form.kind, before=(label,), after=after, actor=by, note=body.note)
