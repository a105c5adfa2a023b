"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Observation:
    name: str
    """Dotted and stable: `snowflake.login`."""
    verdict: Verdict
    summary: str
    next_step: str = ""
    """What to do; empty where all is well."""


def good(name: str, summary: str) -> Observation:
    return Observation(name, Verdict.OK, summary)


def from_error(name: str, error: GcmsError, verdict: Verdict | None = None) -> Observation:
    """A service that does not answer is UNKNOWN: what it would have said is not known. Anything else is a failure."""
    told = verdict if verdict is not None else Verdict.UNKNOWN if isinstance(error, Unavailable) else Verdict.FAIL
    return Observation(name, told, f"{error.title}: {error.message}", error.next_step)
