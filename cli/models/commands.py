"""`pointsman models`: list, show, sign, activate, rollback, try, trial, end."""

from pathlib import Path
from typing import Annotated

import typer

from cli.models import quality
from cli.options import AsJson
from cli.output import Output
from core.types import TrialStage

app = typer.Typer(no_args_is_help=True, help="Which models can serve, and which one does.")
app.command("quality", epilog=quality.EXAMPLE)(quality.command)

Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="A version or its beginning, or a folder.")
]


@app.command("list", epilog="Example: pointsman models list")
def list_(as_json: AsJson = False) -> None:
    """List every version with what the gate said of it, newest first."""
    from cli.models.versions import version_line, version_object
    from cli.running.services import connected
    from store.engine import transaction
    from store.models.model_versions import known_versions

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, known_versions)
    for known in found:
        output.say(version_line(known))
    output.result({"models": [version_object(known) for known in found]})


@app.command("show", epilog="Example: pointsman models show 2217492d")
def show(version: Version, as_json: AsJson = False) -> None:
    """Show one version: figures, gate, where its report is."""
    from cli.models.versions import version_card, version_object
    from cli.running.services import connected
    from store.engine import transaction
    from store.models.model_versions import find

    output = Output(as_json=as_json)
    with connected() as here:
        known = transaction(here.engine, lambda c: find(c, version))
    output.say(version_card(known))
    output.result(version_object(known))


@app.command("sign", epilog="Example: pointsman models sign ./model")
def sign(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Artifact folders that you trust.")
    ],
    as_json: AsJson = False,
) -> None:
    """Sign models with this installation's key, so that its workers take them."""
    from classifier.artifacts import countersign
    from classifier.key_files import key_file, signers_keys
    from core.settings import load_settings

    settings, output = load_settings(), Output(as_json=as_json)
    key = signers_keys(settings).signs
    assert key is not None, "signers have a key"
    signed = {str(folder): countersign(folder, key).version for folder in folders}
    for folder, version in signed.items():
        output.say(f"{folder} ({version}) is signed with {key_file(settings)}.")
    output.result({"signed": signed})


@app.command("activate", epilog="Example: pointsman models activate 2217492d")
def activate(version: Version, as_json: AsJson = False) -> None:
    """Let a version serve, even one that the gate rejected. Workers follow within seconds."""
    from cli.models.versions import activate as activate_version
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        active = activate_version(here.engine, version)
    output.say(f"{active} serves now; workers follow within seconds.")
    output.result({"active": active})


@app.command("rollback", epilog="Example: pointsman models rollback")
def rollback(as_json: AsJson = False) -> None:
    """Go back to the version that served before. Nothing is trained for it."""
    import getpass

    from cli.running.services import connected
    from router import serving
    from store.engine import transaction

    output, who = Output(as_json=as_json), getpass.getuser()
    with connected() as here:
        active = transaction(here.engine, lambda c: serving.roll_back(c, actor=who))
    output.say(f"{active} serves again; workers follow within seconds.")
    output.result({"active": active})


@app.command("try", epilog="Example: pointsman models try 2217492d --stage canary --share 0.1")
def try_(
    version: Version,
    stage: Annotated[
        str, typer.Option(help="shadow (scores along, without effect) or canary (decides a share).")
    ] = TrialStage.SHADOW,
    share: Annotated[
        float | None, typer.Option(help="Share of tickets for a canary, between 0 and 1.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try a version on live tickets against the one that serves."""
    from cli.models.trials import begin, stage_of, trial_lines, trial_object
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        chosen = here.settings.trial_canary_share if share is None else share
        trial = begin(here.engine, version, stage_of(stage, share), chosen)
    output.say(trial_lines(trial, None))
    output.say("Workers follow within seconds; `pointsman models trial` tells how it goes.")
    output.result(trial_object(trial, None))


@app.command("trial", epilog="Example: pointsman models trial")
def trial(as_json: AsJson = False) -> None:
    """Show which version is on trial and what live tickets say of it."""
    from cli.models.trials import current, trial_lines, trial_object
    from cli.running.services import connected
    from trainer.trials.life import course_of

    output = Output(as_json=as_json)
    with connected() as here:
        found, finding = current(here.engine, course_of(here.settings).terms)
    output.say("No version was ever on trial." if found is None else trial_lines(found, finding))
    output.result(trial_object(found, finding))


@app.command("end", epilog="Example: pointsman models end --discard")
def end(
    promote: Annotated[
        bool,
        typer.Option(
            "--promote/--discard",
            help="Let the version on trial serve wholly, or the other one (again).",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """End the open trial by hand. A version that is promoted is on probation at first."""
    from cli.models.trials import end as end_trial
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        ended = end_trial(here.engine, promote=promote)
    serves = ended.version if promote else ended.against
    output.say(f"{serves} serves all tickets; workers follow within seconds.")
    output.result({"active": serves})
