"""Secrets that we must be able to read again, kept so that the database alone does not tell them.

With keys they are Fernet tokens (AES-128-CBC with HMAC-SHA-256); the first key seals, and each
opens, so that a key can be replaced. Without keys they are kept as they are.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from core.errors import Invalid, Permanent

_SEALED, _PLAIN = "fernet:", "plain:"
_NAME = "POINTSMAN_WEBHOOK_KEY"


class Box:
    """Seals and opens.

    Args:
        keys: Fernet keys with commas between them, the newest first; None for none.

    Raises:
        Invalid: one is no Fernet key.
    """

    def __init__(self, keys: SecretStr | None) -> None:
        given = keys.get_secret_value().split(",") if keys else []
        try:
            fernets = [Fernet(key.strip()) for key in given if key.strip()]
        except ValueError as error:
            fix = "make one with `python -m core.sealing`"
            raise Invalid(_NAME, "is no Fernet key", fix) from error
        self._fernet = MultiFernet(fernets) if fernets else None

    def seal(self, secret: str) -> str:
        """The secret as it is kept."""
        if self._fernet is None:
            return f"{_PLAIN}{secret}"
        return f"{_SEALED}{self._fernet.encrypt(secret.encode()).decode()}"

    def open(self, kept: str) -> str:
        """The secret again.

        Raises:
            Permanent: it was sealed with a key that is not here.
        """
        if kept.startswith(_PLAIN):
            return kept.removeprefix(_PLAIN)
        if self._fernet is None:
            raise Permanent(f"a secret is sealed and {_NAME} is not set")
        try:
            return self._fernet.decrypt(kept.removeprefix(_SEALED)).decode()
        except InvalidToken as error:
            raise Permanent(f"a secret is sealed with a key that {_NAME} lacks") from error


if __name__ == "__main__":
    print(Fernet.generate_key().decode())
