from hypothesis import given
from hypothesis import strategies as st

from web.console.ticket.marks import marked


def _phrases(*places: tuple[int, int, float]) -> dict[str, object]:
    return {"phrases": [{"start": a, "end": b, "weight": w} for a, b, w in places]}


def test_overlapping_phrases_share_a_piece_and_what_speaks_against_is_not_marked() -> None:
    labels = [_phrases((0, 6, 1.0), (10, 14, -2.0)), _phrases((4, 9, 0.5))]
    assert [(piece.text, piece.labels) for piece in marked("Parcel is late", labels)] == [
        ("Parc", (1,)),
        ("el", (1, 2)),
        (" is", (2,)),
        (" late", ()),
    ]


@given(st.text(max_size=30), st.data())
def test_the_pieces_are_the_text(text: str, data: st.DataObject) -> None:
    place = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(place, place, st.floats(-1, 1))))
    labels = [_phrases(*[(min(a, b), max(a, b), w) for a, b, w in spans])]
    assert "".join(piece.text for piece in marked(text, labels)) == text
