"""Where a browser may be sent after signing in: to this site and no other."""

import re

_HOME = "/"
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""Printable ASCII without a backslash: browsers read `/\\host`, and a tab between, as `//host`."""


def own_path(next_: str) -> str:
    """A path of this site, or the live page."""
    return next_ if _OWN_PATH.fullmatch(next_) else _HOME
