"""What an error says to do next, as it is done here: by a key, where without the console a command would be typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.procedures.catalogue import PROCEDURES

_RUN = r"[^\s.,;:]+"
_WORD = r"(?:'[^']*'(?:\"'\"'[^']*')*|[^\s.,;:]+)"
"""As a shell quotes it."""
_TABLE = r"[^\s,;:]*[^\s,;:.]"
_TEXT = r"(?:\"…\"|\w+)"
"""What is to be put there."""

_Said = str | Callable[[re.Match[str]], str]


def _named(step: Step) -> str:
    return f"{step.number} {step.named}"


def _enter(step: Step) -> str:
    return f"Enter on {_named(step)}"


def _start(found: re.Match[str]) -> str:
    known = next((item.title for item in PROCEDURES if item.name == found[1]), "it")
    return f"o on {known}, in pane 5"


_KEYS: Sequence[tuple[str, _Said]] = (
    (rf"payroll step {_RUN} ({'|'.join(Step)})", lambda found: _enter(Step(found[1]))),
    (rf"payroll spot-check {_RUN} --row {_WORD} --ok", f"Space on it, in {_named(Step.SPOT_CHECK)}"),
    (rf"payroll spot-check {_RUN}", _enter(Step.SPOT_CHECK)),
    (rf"payroll export {_RUN}", _enter(Step.EXPORT)),
    (rf"payroll sign {_RUN}", _enter(Step.SIGN_OFF)),
    (rf"payroll release {_RUN}", _enter(Step.SIGN_OFF)),
    (rf"payroll reject {_RUN}", f"x in {_named(Step.SIGN_OFF)}"),
    (rf"payroll record {_RUN}(?: --date \w+)?", _enter(Step.RECORD)),
    (rf"payroll archive {_RUN} --adopt", f"t in {_named(Step.ARCHIVE)}"),
    (rf"payroll archive {_RUN} --suffix (\w+|…)", lambda found: f"{_enter(Step.ARCHIVE)}, with the suffix {found[1]}"),
    (rf"payroll archive {_RUN}", _enter(Step.ARCHIVE)),
    (rf"payroll log {_RUN}(?: --exceptions \w+)?", _enter(Step.LOG)),
    (rf"payroll verify {_RUN}", "v among its steps"),
    (rf"payroll show {_RUN}", "Enter on its concert, in pane 4"),
    (rf"payroll open {_WORD}", "o on its concert, in pane 4"),
    (r"payroll list", "pane 4 lists them"),
    (rf"payroll hold --cause incident --reason ({_RUN})", lambda found: f"h, in pane 4, and {found[1]} as the reason"),
    (r"payroll hold", "h, in pane 4"),
    (rf"payroll lift {_RUN} --reason {_TEXT}", "h, in pane 4, then l"),
    (r"payroll lift", "h, then l"),
    (r"journal list(?: --kind \w+)?", "pane 6 lists them"),
    (r"journal doubts(?: --settle)?", "pane 6, Enter on it"),
    (r"journal verify", "V in pane 6"),
    (rf"runs attach ({_RUN})", lambda found: f"pane 2, Enter on {found[1]}"),
    (rf"runs (?:cancel|show) ({_RUN})", lambda found: f"pane 2, on {found[1]}"),
    (rf"runs failures ({_RUN})", lambda found: f"pane 2, f on {found[1]}"),
    (r"runs list", "pane 2 lists them"),
    (r"runs retry ID", "R on the run, in pane 2"),
    (rf"runs retry ({_RUN})", lambda found: f"R on {found[1]}, in pane 2"),
    (r"runs start -- build, then test", "s in pane 2, build and then test"),
    (r"runs start", "s in pane 2"),
    (r"runbook step daily STEP", "Enter on one of its steps, in pane 5"),
    (rf"runbook step {_RUN} ({_WORD})", lambda found: f"Enter on its step {found[1]}, in pane 5"),
    (rf"runbook start ({_WORD})(?: --about \w+)?", _start),
    (rf"runbook resume {_RUN}", "Enter on it, in pane 5"),
    (rf"runbook close {_RUN} --abandon \w+", "x among its steps"),
    (rf"runbook close {_RUN}", "f among its steps"),
    (r"runbook list", "pane 5 lists them"),
    (r"backup create(?: --new)?", "step 1 of Full model refresh, in pane 5"),
    (
        rf"backup restore ({_TABLE})(?: --from {_TABLE})?(?: --by \w+| …)?",
        lambda found: f"5, b, then w on a backup of {found[1]}",
    ),
    (r"backup list", "pane 5, then b"),
    (r"pipeline sync CONNECTION", "5, s, then s on the connection"),
    (rf"pipeline sync ({_WORD})", lambda found: f"5, s, then s on {found[1]}"),
    (r"pipeline sync", "5, s, then s on it"),
    (rf"pipeline watch ({_RUN})", lambda found: f"5, s, then r tells of job {found[1]}"),
    (r"pipeline status", "pane 5, then s"),
    (rf"incident note ({_RUN})(?: {_TEXT})?", lambda found: f"5, i, then n on {found[1]}"),
    (rf"incident notice ({_RUN})(?: --send)?", lambda found: f"5, i, then d on {found[1]}"),
    (rf"incident ack ({_RUN})", lambda found: f"5, i, then a on {found[1]}"),
    (rf"incident hand-over ({_RUN})(?: LOGIN)?", lambda found: f"5, i, then h on {found[1]}"),
    (rf"incident open --follows ({_WORD})", lambda found: f"5, i, then o, and name {found[1]} in it"),
    (rf"incident open(?: --title {_TEXT})?", "5, i, then o"),
    (r"incident list(?: --all)?", "pane 5, then i"),
    (r"scd2 list", "pane 3 lists them"),
    (r"scd2 cause", "w on the key, in pane 3,"),
    (r"scd2 plan --collapse SCD_ID", "C on one of the rows, in pane 3"),
    (r"scd2 plan --all", "B among a table's keys, in pane 3,"),
    (r"scd2 plan", "a on the key, in pane 3,"),
    (r"health", "pane 1"),
)
"""Each command with what is pressed for it; of two that begin alike the longer one is first."""


def by_key(said: str) -> str:
    """`said`, each command in it told as a key. What has no key stays: `gcms-tui doctor`."""
    for command, key in _KEYS:
        said = re.sub(rf"gcms-tui {command}(?![\w-])", key, said)
    return said


def here(error: GcmsError) -> GcmsError:
    """The same error, with the next step as it is gone in the console."""
    said = error.title, by_key(error.message), by_key(error.next_step)
    return Refused(*said, guard=error.guard) if isinstance(error, Refused) else GcmsError(*said)
