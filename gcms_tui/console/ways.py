"""What an error says to do next, as it is done here: by a key, where without the console a command would be typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll.steps import Step

_RUN = r"[^\s.,;:]+"
_WORD = r"(?:'[^']*'(?:\"'\"'[^']*')*|[^\s.,;:]+)"
"""As a shell quotes it."""

_Said = str | Callable[[re.Match[str]], str]


def _named(step: Step) -> str:
    return f"{step.number} {step.named}"


def _enter(step: Step) -> str:
    return f"Enter on {_named(step)}"


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
    (r"payroll hold", "h, in pane 4"),
    (r"payroll lift", "h, then l"),
    (r"journal doubts(?: --settle)?", "pane 6, Enter on it"),
    (r"journal verify", "V in pane 6"),
    (rf"runs attach ({_RUN})", lambda found: f"pane 2, Enter on {found[1]}"),
    (rf"runs (?:cancel|show) ({_RUN})", lambda found: f"pane 2, on {found[1]}"),
    (rf"runs failures ({_RUN})", lambda found: f"pane 2, f on {found[1]}"),
    (r"runs list", "pane 2 lists them"),
    (rf"runbook step {_WORD} ({_WORD})", lambda found: f"Enter on its step {found[1]}, in pane 5"),
    (rf"runbook start ({_WORD})(?: --about {_WORD})?", lambda found: f"o on {found[1]}, in pane 5"),
    (r"runbook list", "pane 5 lists them"),
    (rf"backup restore ({_WORD})(?: --from {_WORD})?(?: --by \w+| …)?", lambda found: f"w on {found[1]}, in 5 b"),
    (r"backup list", "pane 5, then b"),
    (r"pipeline sync CONNECTION", "s on the connection, in 5 s"),
    (rf"pipeline (?:sync|watch) ({_WORD})", lambda found: f"s on {found[1]}, in 5 s"),
    (r"pipeline status", "pane 5, then s"),
    (rf"incident note ({_WORD})", lambda found: f"n on {found[1]}, in 5 i"),
    (r"incident open", "o in 5 i"),
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
