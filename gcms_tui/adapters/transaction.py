"""What the write sessions of both databases say alike of a transaction."""

from __future__ import annotations

from gcms_tui.core.errors import CommitUnknown
from gcms_tui.core.query import Access, Statement


def control(sql: str, name: str = "") -> Statement:
    """A statement that begins or ends a transaction; `name` where its first word is not enough."""
    name = name or sql.lower()
    return Statement(name, f"the transaction's {name.upper()}", sql, access=Access.WRITE)


def commit_unknown(told: str) -> CommitUnknown:
    """COMMIT was sent; `told` is what came instead of an answer to it."""
    return CommitUnknown(
        "No answer to COMMIT",
        f"{told} It may have been done, or not.",
        "Look before anything is written again: gcms-tui journal doubts.",
    )


def interrupted(error: BaseException) -> CommitUnknown:
    """Somebody interrupted the wait for the answer: COMMIT is on its way all the same."""
    return commit_unknown(f"Waiting for the answer ended with {type(error).__name__}.")
