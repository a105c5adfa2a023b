"""dbt's options as far as a person may type them here, and why the others may not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SELECTING = frozenset({"build", "run", "test", "seed", "snapshot", "compile", "docs generate", "source freshness"})
"""Sub-commands that execute selected nodes; without --select, all of them."""

SUBCOMMANDS = SELECTING | {"debug", "deps", "clean", "parse", "run-operation"}

NOT_HERE = {
    "retry": "dbt's own retry takes another target than the one shown, and after an interrupt it does nothing. "
    "Use the console's: gcms-tui runs retry ID",
    "ls": "Nothing needs to be started for it: the preview of any command lists the nodes that it selects.",
    "list": "Nothing needs to be started for it: the preview of any command lists the nodes that it selects.",
    "show": "It prints rows, and their personal data would stand in the run's log. Use a query of the console's.",
    "docs serve": "It never ends, and it serves all of target/, compiled SQL among it. Generate the documentation "
    "here, and copy it to where it is to be read.",
    "init": "It asks questions and writes a new project. Start it in a shell.",
    "clone": "It needs --state of another environment, and the console keeps only this one's.",
}
"""What dbt knows and the console does not start, with the reason and what to do instead."""

GROUPS = frozenset({"docs", "source"})
"""Their sub-commands are two words."""

_TESTING = frozenset({"build", "test"})
_BUILDING = frozenset({"build", "run"})


@dataclass(frozen=True, slots=True)
class Option:
    """One option that is passed on."""

    name: str
    takes: Literal["nothing", "one", "many"] = "nothing"
    only: frozenset[str] = frozenset()
    """The sub-commands that have it; empty: all."""
    short: tuple[str, ...] = ()
    """Other spellings."""


_OPTIONS = (
    Option("--select", "many", SELECTING, ("-s", "-m", "--models", "--model")),
    Option("--exclude", "many", SELECTING),
    Option("--full-refresh", only=frozenset({"build", "run", "seed", "compile"}), short=("-f",)),
    Option("--store-failures", only=_TESTING),
    Option("--resource-type", "many", _TESTING, ("--resource-types",)),
    Option("--exclude-resource-type", "many", _TESTING, ("--exclude-resource-types",)),
    Option("--threads", "one", SELECTING | {"run-operation"}),
    Option("--vars", "one"),
    Option("--args", "one", frozenset({"run-operation"})),
    Option("--indirect-selection", "one"),
    Option("--event-time-start", "one", _BUILDING),
    Option("--event-time-end", "one", _BUILDING),
    Option("--warn-error-options", "one"),
    Option("--fail-fast", short=("-x",)),
    Option("--no-fail-fast"),
    Option("--warn-error"),
    Option("--single-threaded"),
    Option("--no-single-threaded"),
    Option("--cache-selected-only"),
    Option("--no-cache-selected-only"),
    Option("--populate-cache"),
    Option("--no-populate-cache"),
    Option("--version-check"),
    Option("--no-version-check"),
    Option("--static-parser"),
    Option("--no-static-parser"),
    Option("--print"),
    Option("--no-print"),
    Option("--show-all-deprecations"),
    Option("--no-send-anonymous-usage-stats"),
    Option("--introspect", only=frozenset({"compile"})),
    Option("--no-introspect", only=frozenset({"compile"})),
    Option("--compile", only=frozenset({"docs generate"})),
    Option("--no-compile", only=frozenset({"docs generate"})),
    Option("--connection", only=frozenset({"debug"})),
    Option("--upgrade", only=frozenset({"deps"})),
    Option("--lock", only=frozenset({"deps"})),
    Option("--clean-project-files-only", only=frozenset({"clean"})),
)
OPTIONS = {spelling: option for option in _OPTIONS for spelling in (option.name, *option.short)}

LISTED = frozenset({"--resource-type", "--exclude-resource-type", "--vars", "--indirect-selection"})
"""Those beside --select and --exclude that bear on which nodes are selected."""

_TARGET = "The console runs on its own target and no other: start it with --target NAME."
_PLACE = "The console knows the project from gcms.toml."
_KEPT = "Each run keeps its artifacts in a directory of its own."
_LOG = "Each run keeps a log of its own, at level debug: leave it out."
_STATE = "The console keeps the results of every run; `test --select result:fail result:error` compares with the last."
_EMPTY = "It builds tables without their rows, and payroll is paid from them."

REFUSED = {
    "--target": _TARGET,
    "-t": _TARGET,
    "--profile": _PLACE,
    "--profiles-dir": _PLACE,
    "--project-dir": _PLACE,
    "--target-path": _KEPT,
    "--output": _KEPT,
    "-o": _KEPT,
    "--write-json": _KEPT,
    "--no-write-json": "Without its artifacts nothing could be said of how the run ended.",
    "--state": _STATE,
    "--defer-state": _STATE,
    "--defer": "It reads other environments' tables in place of those that are to be built.",
    "--favor-state": _STATE,
    "--debug": _LOG,
    "-d": _LOG,
    "--no-debug": _LOG,
    "--quiet": _LOG,
    "-q": _LOG,
    "--no-quiet": _LOG,
    "--macro-debugging": _LOG,
    "--use-colors": _LOG,
    "--no-use-colors": _LOG,
    "--use-colors-file": _LOG,
    "--no-use-colors-file": _LOG,
    "--printer-width": _LOG,
    "--record-timing-info": "The run's events hold every node's timing.",
    "-r": "The run's events hold every node's timing.",
    "--partial-parse": "The console decides when the project is parsed anew.",
    "--no-partial-parse": "The console decides when the project is parsed anew.",
    "--empty": _EMPTY,
    "--sample": _EMPTY,
    "--selector": "The preview cannot tell what a named selector holds: type its definition behind --select.",
    "--show": "It prints rows, and their personal data would stand in the run's log.",
    "--inline": "Only what stands in the project is compiled here.",
    "--no-clean-project-files-only": "It deletes directories outside the project.",
    "--add-package": "It changes the project's files: edit packages.yml where it is versioned.",
    "--config-dir": "gcms-tui doctor shows where profiles.yml is.",
    "--version": "gcms-tui doctor shows dbt's version.",
    "--help": "dbt --help, in a shell.",
    "-h": "dbt --help, in a shell.",
}
"""Options of dbt's that are not passed on, with the reason."""

REFUSED_FAMILIES = {"--log-": _LOG, "--no-log-": _LOG, "--partial-parse-": REFUSED["--partial-parse"]}
"""By how they begin."""
