"""`pointsman compare`: two artifacts on the same labelled file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson, Device, one_device
from cli.output import Output

EXAMPLE = "Example: pointsman compare old new --data test.jsonl.gz --json"


def command(
    dir_a: Annotated[Path, typer.Argument(metavar="DIR_A", help="The artifact that is there.")],
    dir_b: Annotated[Path, typer.Argument(metavar="DIR_B", help="The artifact to look at.")],
    data: Annotated[Path, typer.Option(help="Labelled tickets (.jsonl or .jsonl.gz).")],
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Compare two models: what each is worth, and whether the difference is more than chance."""
    from cli.training.unsigned import note_unsigned
    from core.settings import load_settings
    from trainer.measure.compare import compare

    settings, output = load_settings(device=device), Output(as_json=as_json)
    device_name, threads = one_device(settings.device), settings.device_threads
    found = compare(dir_a, dir_b, data, device=device_name, threads=threads)
    note_unsigned([dir_a, dir_b], settings)
    for lines in (_figure_lines(found), _label_lines(found), _other_lines(found)):
        for line in lines:
            output.say(line)
    output.result(found)


def _figure_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Each figure of both with its interval of 95 %, and the paired difference B - A."""
    yield f"{'':<16}  {'A':<20}  {'B':<20}  B - A"
    for name, gained in found["difference"].items():
        one, other = (_interval(found[side]["intervals"][name]) for side in ("first", "second"))
        yield f"{name:<16}  {one:<20}  {other:<20}  {_difference(gained)}"
    yield f"{'ece':<16}  {found['first']['ece']:<20.3f}  {found['second']['ece']:<20.3f}"


def _label_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Each label's F1, most frequent first."""
    of_first, of_second = found["first"]["per_label"], found["second"]["per_label"]
    width = max(len(label) for label in found["labels"])
    yield f"{'label':<{width}}  support     A      B     B - A"
    for label in sorted(found["labels"], key=lambda label: -of_first[label]["support"]):
        yield (
            f"{label:<{width}}  {of_first[label]['support']:>7}  {of_first[label]['f1']:.3f}  "
            f"{of_second[label]['f1']:.3f}  {_difference(found['per_label'][label])}"
        )


def _other_lines(found: Mapping[str, Any]) -> Iterator[str]:
    for name, side in (("A", found["first"]), ("B", found["second"])):
        megabytes = side["bytes"] / 1e6
        yield f"{name}: {side['tickets_per_s']} tickets/s, {megabytes:.0f} MB, {side['version']}"
        if side["only_here"]:
            yield f"{name} alone knows, so left out: {', '.join(side['only_here'])}"
    yield f"{found['n']} tickets; brackets are intervals of 95 %"


def _interval(of: Mapping[str, float]) -> str:
    return f"{of['value']:.3f} [{of['low']:.3f}, {of['high']:.3f}]"


def _difference(of: Mapping[str, float]) -> str:
    return f"{of['value']:+.3f} [{of['low']:+.3f}, {of['high']:+.3f}]  p = {of['p_value']:.3f}"
