"""The command line and the environment of one dbt run: everything is said, so that nothing from outside decides."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gcms_tui.adapters.run_tidying import PARTIAL_PARSE
from gcms_tui.core.dbt_command import DbtCommand

PARTIAL_PARSE_OPTION = "--partial-parse-file-path"
LISTED_KEYS = (
    "unique_id", "resource_type", "name", "source_name", "alias", "relation_name", "config.materialized",
    "config.full_refresh", "freshness",
)  # fmt: skip

_NOT_PARSING = frozenset({"deps", "debug", "clean"})
"""They leave no artifacts. `clean` knows --target-path, and might then spare the project's own target/, which it is
there to remove."""

_RESOURCE_TYPES: Mapping[str, tuple[str, ...]] = {
    "run": ("model",),
    "test": ("test", "unit_test"),
    "build": ("model", "seed", "snapshot", "test", "unit_test", "function"),
    "seed": ("seed",),
    "snapshot": ("snapshot",),
    "source freshness": ("source",),
    "compile": ("model", "seed", "snapshot", "test", "unit_test", "analysis"),
    "docs generate": ("model", "seed", "snapshot", "test", "unit_test", "analysis"),
    "clone": ("model", "seed", "snapshot"),
}
"""What each sub-command executes of what it selects (dbt.task.*)."""

_CONSOLE_VARIABLES = "GCMS_"
_SECRET_VARIABLES = "DBT_ENV_SECRET"
_HIDDEN_OPTIONS = frozenset(
    {"ARTIFACT_STATE_PATH", "CLEAN_PROJECT_FILES_ONLY", "DEBUG", "DEFER", "DEFER_STATE", "DEFER_TO_STATE", "EMPTY",
     "EVENT_TIME_END", "EVENT_TIME_START", "EXCLUDE_RESOURCE_TYPES", "EXPORT_SAVED_QUERIES", "FAIL_FAST", "FAVOR_STATE",
     "FAVOR_STATE_MODE", "FULL_REFRESH", "INCLUDE_SAVED_QUERY", "INDIRECT_SELECTION", "INTROSPECT",
     "LOG_CACHE_EVENTS", "LOG_FILE_MAX_BYTES", "LOG_FORMAT", "LOG_FORMAT_FILE", "LOG_LEVEL", "LOG_LEVEL_FILE",
     "LOG_PATH", "MACRO_DEBUGGING", "NO_PRINT", "PARTIAL_PARSE", "PARTIAL_PARSE_FILE_DIFF", "PARTIAL_PARSE_FILE_PATH",
     "PP_FILE_DIFF_TEST", "PP_TEST", "PRINT", "PRINTER_WIDTH", "PROJECT_DIR", "QUIET", "RECORDED_FILE_PATH",
     "RECORDER_FILE_PATH", "RECORDER_MODE", "RECORDER_TYPES", "RESOURCE_TYPES", "SAMPLE", "SHOW_RESOURCE_REPORT",
     "SINGLE_THREADED", "STATE", "STORE_FAILURES", "TARGET", "TARGET_PATH", "TEST_STATE_MODIFIED",
     "UPLOAD_TO_ARTIFACTS_INGEST_API", "USE_COLORS", "USE_COLORS_FILE", "WRITE_JSON"}
)  # fmt: skip
"""Variables that stand for an option of dbt's which bears on what is selected or destroyed, or on what dbt writes, and
where."""


@dataclass(frozen=True, slots=True)
class DbtPlace:
    """One dbt project and target, and where what is kept of its runs is."""

    project_dir: Path
    target: str
    cache_root: Path
    profiles_dir: Path | None = None
    """None: dbt looks by itself, from the project's directory."""
    profile: str | None = None

    def cache(self, command: DbtCommand) -> Path:
        """What runs with the same parsed project share. Other --vars are another parsed project to dbt."""
        place = (os.path.realpath(self.project_dir), self.target, self.profile, command.option("--vars"))
        return self.cache_root / hashlib.sha256(json.dumps(place).encode()).hexdigest()[:24]

    def argv(self, command: DbtCommand, run_dir: Path) -> tuple[str, ...]:
        """One run, `dbt` first. What it writes, it writes into `run_dir`; but `clean` and `deps` change the project."""
        state = () if command.state_of is None else ("--state", str(run_dir / "state"))
        return (
            "dbt",
            *("--no-use-colors", "--no-use-colors-file"),
            *("--log-format", "json", "--log-level", "debug", "--log-format-file", "text", "--log-level-file", "debug"),
            *("--log-path", str(run_dir / "logs"), "--log-file-max-bytes", "0"),
            *command.words,
            *self._where(command, run_dir / "target"),
            *state,
        )

    def listing(self, command: DbtCommand, state: Path | None) -> tuple[str, ...]:
        """`dbt ls` of what the command would execute, one JSON object in each PrintEvent."""
        words: list[str] = []
        for option, values in (("--select", command.select), ("--exclude", command.exclude)):
            words += [option, *values] if values else []
        if not {"--resource-type", "--resource-types"}.intersection(command.listing):
            words += ["--resource-types", *_RESOURCE_TYPES.get(command.subcommand, ())]
        listed = DbtCommand("ls", extra=command.extra)
        return (
            "dbt",
            *("--no-use-colors", "--log-format", "json", "--log-level", "info", "--log-level-file", "none"),
            *("ls", "--output", "json", "--output-keys", *LISTED_KEYS),
            *words,
            *command.listing,
            *self._where(listed, self.cache(command)),
            *(() if state is None else ("--state", str(state))),
        )

    def _where(self, command: DbtCommand, target_path: Path) -> tuple[str, ...]:
        # `clean` takes a project behind a symbolic link for one outside itself, and refuses it.
        project_dir = os.path.realpath(self.project_dir) if command.subcommand == "clean" else str(self.project_dir)
        words = ["--project-dir", project_dir]
        words += [] if self.profiles_dir is None else ["--profiles-dir", str(self.profiles_dir)]
        words += [] if self.profile is None else ["--profile", self.profile]
        words += ["--target", self.target]
        if command.subcommand in _NOT_PARSING:
            return tuple(words)
        words += ["--target-path", str(target_path)]
        parsed = self.cache(command) / PARTIAL_PARSE
        if parsed.parent != target_path and parsed.exists():
            words += [PARTIAL_PARSE_OPTION, str(parsed)]
        return tuple(words)


def dbt_environment(env: Mapping[str, str], target: str) -> dict[str, str]:
    """What dbt gets to see: all but the console's own variables and those that would change what was previewed.

    A profile or a model may read DBT_TARGET: where it is set, it is the target in force.
    """
    names = {"DBT_TARGET", "DBT_ENGINE_TARGET"}.intersection(env)
    return {**_undecided(env), **dict.fromkeys(names, target)}


def importing_environment(env: Mapping[str, str]) -> dict[str, str]:
    """For a process that imports dbt and runs nothing of anybody's itself."""
    return {name: value for name, value in _undecided(env).items() if not name.startswith(_SECRET_VARIABLES)}


def _undecided(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not _is_hidden(name)}


def _is_hidden(name: str) -> bool:
    if name.startswith(_CONSOLE_VARIABLES):
        return True
    for prefix in ("DBT_ENGINE_", "DBT_"):
        if name.startswith(prefix):
            return name.removeprefix(prefix) in _HIDDEN_OPTIONS
    return False
