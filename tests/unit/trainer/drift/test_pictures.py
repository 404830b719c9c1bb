import base64

from trainer.drift.findings import Severity
from trainer.drift.label_rows import LabelRow
from trainer.drift.pictures import quality_picture, score_picture, share_picture


def _row(label: str, share: float = 0.1) -> LabelRow:
    return LabelRow(
        label=label,
        severity=Severity.ALERT,
        share=(share, 0.3),
        rate=(0.1, 0.3),
        psi=(0.3, 0.01),
        f1=(0.5, 0.4),
    )


def _png(picture: str) -> bytes:
    kind, content = picture.split(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(content)


def test_each_picture_is_a_png_inside_the_page() -> None:
    rows = [_row("refund"), _row("login")]
    for picture in (share_picture(rows), quality_picture(rows), score_picture(rows, 0.25)):
        assert _png(picture).startswith(b"\x89PNG")


def test_more_labels_make_a_taller_picture() -> None:
    few, many = ([_row(f"label-{n}") for n in range(count)] for count in (2, 40))
    heights = [int.from_bytes(_png(share_picture(rows))[20:24], "big") for rows in (few, many)]
    assert heights[1] > 3 * heights[0]


def test_any_name_can_be_drawn() -> None:
    rows = [_row("$x_{"), _row("返品"), _row("x" * 300), _row("<b>")]
    assert _png(share_picture(rows))
