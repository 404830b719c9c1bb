"""Confirmations that say nothing of a label, because its level hid it from who gave them.

A row teaches that a ticket has its labels and no others. Who confirms a decision agrees with what
they were shown; of a label on level off, or on level shadow where it would have been ticked, they
cannot have said that it is absent, so the row is left out. Of a label that scored low nobody would
have been shown anything on any level, so the row stays. Labels that somebody gave are all of the
ticket's labels, whatever was shown.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from core.label_meaning import Meaning
from router.policy import Policy, parse_policy
from store.decided.replay import policies
from store.feedback.corrections import LabelFeedback
from trainer.loop.snapshot import Excluded


def read_policies(
    connection: Connection, feedback: Sequence[LabelFeedback]
) -> Mapping[str, Policy]:
    """The thresholds and levels that these decisions were made by, by their version."""
    versions = sorted({item.thresholds for item in feedback if item.thresholds is not None})
    found = policies(connection, versions)
    return {version: parse_policy(document) for version, document in found.items()}


def without_unshown(
    feedback: Sequence[LabelFeedback], policies: Mapping[str, Policy], meaning: Meaning
) -> tuple[list[Excluded], list[LabelFeedback]]:
    """What is left out, with the label that was hidden, and what may teach.

    Args:
        feedback: one entry a ticket.
        policies: by version; a decision that names none hid nothing that we know of.
        meaning: of labels today; one that is retired, or now means what was shown, is not missed.
    """
    excluded: list[Excluded] = []
    kept: list[LabelFeedback] = []
    for item in feedback:
        if hidden := _hidden(item, policies, meaning):
            reason = f"confirmed while {hidden[0]} was hidden"
            excluded.append(Excluded(ticket_id=item.ticket_id, correction=item.id, reason=reason))
        else:
            kept.append(item)
    return excluded, kept


def _hidden(
    item: LabelFeedback, policies: Mapping[str, Policy], meaning: Meaning
) -> tuple[str, ...]:
    policy = None if item.thresholds is None else policies.get(item.thresholds)
    if policy is None:
        return ()
    names, given = policy.hidden(item.scores or {}), {*meaning.read(item.labels).labels}
    return tuple(name for name in names if {*meaning.now.get(name, (name,))} - given)
