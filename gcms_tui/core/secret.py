"""A value that must not be seen: not in a log, an argv, a journal or a traceback that prints locals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn


class Secret:
    """Wraps a secret text; `repr`, `str` and `format` mask it, and it refuses to be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Call it in the argument list of whoever needs it and keep it in no variable."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never written out")


SHORTEST_MASKED = 4
"""Shorter ones would blot out ordinary words, and tell by it what they are."""


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without any of the secrets, should a server have sent one back."""
    for secret in secrets:
        if len(secret.reveal()) >= SHORTEST_MASKED:
            text = text.replace(secret.reveal(), "**********")
    return text
