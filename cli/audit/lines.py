"""The audit log in words."""

import json

from cli.output import printable
from store.access.audit import Check, Entry

_DETAIL_CHARS, _NAME_CHARS = 100, 30


def entry_line(entry: Entry) -> str:
    """One line: when, who, what, to what, and the beginning of the detail."""
    who, what = printable(entry.actor, _NAME_CHARS), printable(entry.action, _NAME_CHARS)
    detail = printable(json.dumps(entry.detail, ensure_ascii=False), _DETAIL_CHARS)
    subject = printable(entry.subject, _NAME_CHARS)
    return f"{entry.at:%Y-%m-%d %H:%M:%S}  {who:<14}  {what:<22}  {subject:<22}  {detail}"


def check_line(found: Check) -> str:
    """Whether the chain is sound, and the head to note down."""
    if found.broken_at is not None:
        return (
            f"The chain is broken at entry {found.broken_at}: it or one before was tampered with."
        )
    begin = "" if found.is_whole else " It begins after entries that were let go."
    return f"{found.entries} entries, a sound chain.{begin} Head: {found.head}"
