"""One tree of errors, by what the caller should do about them.

Adapters (`store`, `broker`, `classifier`) translate library exceptions into these and keep the
cause. Nothing here knows HTTP codes or exit codes; `web` and `cli` each keep one table of those.
"""


class PointsmanError(Exception):
    """Anything that Pointsman raises on purpose."""


class Transient(PointsmanError):
    """It may work if tried again later: a service is away, a lock is held, memory ran out."""


class Permanent(PointsmanError):
    """Trying again gives the same: the ticket or message belongs in the dead letters."""


class Invalid(PointsmanError):
    """The caller's input is wrong.

    Args:
        field: where, as a path into the input (`labels.0`) or a name (`--device`).
        problem: what is wrong with it, without quoting ticket text.
        fix: what to do instead.
    """

    def __init__(self, field: str, problem: str, fix: str) -> None:
        super().__init__(f"{field}: {problem}; {fix}")
        self.field = field
        self.problem = problem
        self.fix = fix

    def __reduce__(self) -> tuple[type["Invalid"], tuple[str, str, str]]:
        """It passes between processes whole."""
        return type(self), (self.field, self.problem, self.fix)


class ArtifactInvalid(Permanent):
    """An artifact folder is missing, incomplete, altered or of a format that we do not load."""


class StateLocked(Transient):
    """Another Pointsman holds the state folder."""


def cause_of(error: Exception) -> str:
    """What went wrong, in words that quote no ticket: foreign messages may carry its text."""
    return str(error) if isinstance(error, PointsmanError) else type(error).__name__
