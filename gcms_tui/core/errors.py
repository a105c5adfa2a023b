"""What can go wrong, as a person needs it told: a title, what happened and where, and what to do next."""

from __future__ import annotations

from typing import ClassVar


class GcmsError(Exception):
    """Base of every error that reaches a person. Never shown as a traceback."""

    exit_code: ClassVar[int] = 70
    """Exit status of a headless command that ends with this error (sysexits where one fits)."""

    def __init__(self, title: str, message: str, next_step: str = "") -> None:
        super().__init__(f"{title}: {message}")
        self.title = title
        self.message = message
        self.next_step = next_step


class UsageError(GcmsError):
    """The command line or a typed value is wrong."""

    exit_code = 64


class Refused(GcmsError):
    """A guard said no; nothing was changed."""

    exit_code = 65

    def __init__(self, title: str, message: str, next_step: str = "", *, guard: str = "") -> None:
        super().__init__(title, message, next_step)
        self.guard = guard
        """Which one, by a stable name for scripts: `lease`, `plan_used`, `rows_moved`. Empty where it has none."""


class Unavailable(GcmsError):
    """A service cannot be reached, or did not answer in time. The answer is unknown, not negative."""

    exit_code = 69


class CommitUnknown(Unavailable):
    """COMMIT was sent and no answer came: it may have been done, or not. Only looking tells."""


class StatementFailed(GcmsError):
    """The warehouse or database refused a statement."""

    exit_code = 69

    def __init__(
        self, title: str, message: str, next_step: str = "", *, code: int | None = None, query_id: str | None = None
    ) -> None:
        super().__init__(title, message, next_step)
        self.code = code
        """The vendor's error number (Snowflake errno), where there is one."""
        self.query_id = query_id


class MissingRelation(StatementFailed):
    """A table or view does not exist, or the role may not see it: the warehouse does not tell which."""


class StatementTimeout(StatementFailed):
    """The statement ran past its limit and was cancelled."""


class ConfigError(GcmsError):
    """A configuration file is missing, unreadable or wrong."""

    exit_code = 78
