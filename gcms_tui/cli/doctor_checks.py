"""What the doctor looks at on this machine, and in which order everything is reported."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shlex
import shutil
import stat
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gcms_tui import __version__
from gcms_tui.cli import wiring
from gcms_tui.cli.doctor_airbyte import airbyte_observations
from gcms_tui.cli.doctor_connections import snowflake_observations, supabase_observations
from gcms_tui.cli.doctor_payroll import payroll_observations
from gcms_tui.cli.doctor_store import store_observations
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.observation import Observation, from_error, good
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict

_PACKAGES = (
    "textual",
    "snowflake-connector-python",
    "dbt-core",
    "dbt-snowflake",
    "psycopg",
    "SQLAlchemy",
    "alembic",
    "sqlglot",
    "click",
)
_OLDEST_PYTHON = (3, 11)
_SMALLEST = (80, 24)


def examine(invocation: Invocation) -> list[Observation]:
    """Everything, connections at the same time as one another."""
    local = [*_machine(), _terminal()]
    try:
        configured = wiring.load_settings(invocation)
    except GcmsError as error:
        return [from_error("config", error), *local]
    settings = configured.settings
    with ThreadPoolExecutor(4, "doctor") as pool:
        snowflake = pool.submit(snowflake_observations, settings)
        supabase = pool.submit(supabase_observations, settings)
        airbyte = pool.submit(airbyte_observations, settings)
        store = pool.submit(store_observations, settings)
        files = [*_configuration(configured, invocation), *_dbt(settings), *_snowflake_files(settings)]
        kept = [*payroll_observations(settings.payroll), _state_dir(settings.state_dir), *store.result()]
        return [*files, *snowflake.result(), *supabase.result(), *airbyte.result(), *kept, *local]


def _configuration(configured: wiring.Configured, invocation: Invocation) -> Iterator[Observation]:
    settings, file = configured.settings, configured.file
    yield good("config", f"{file.path}, found by {file.found_by}")
    try:
        target = wiring.target_name(settings)
    except GcmsError:
        target = None  # told by the check of the profile
    read_only = wiring.read_only(settings, invocation, target)
    yield good("config.write", f"read-only: {read_only.reason}" if read_only.on else f"may write: {read_only.reason}")
    if settings.sandbox:
        yield good("config.sandbox", "the practice platform; nothing in it is real")
    if not settings.sources:
        advice = "Name the landed tables: [[sources]] in gcms.toml."
        yield Observation("config.sources", Verdict.WARN, "No landed tables are watched.", advice)


def _dbt(settings: Settings) -> Iterator[Observation]:
    if settings.dbt.project_dir is not None or settings.snowflake.connection is None:
        try:
            project = wiring.dbt_project(settings)
        except GcmsError as error:
            yield from_error("dbt.project", error)
        else:
            yield good("dbt.project", f"{project.name} in {project.directory}")
            yield _artifacts(project.target_path)
    if settings.snowflake.connection is None:
        try:
            output = wiring.dbt_output(settings)
        except GcmsError as error:
            yield from_error("dbt.profile", error)
        else:
            summary = f"profile {output.profile}, target {output.target}, from {output.file} ({output.found_by})"
            yield from _private("dbt.profile", output.file, summary)
    yield _dbt_executable(settings)


def _artifacts(target_path: Path) -> Observation:
    found = [name for name in ("manifest.json", "run_results.json", "sources.json") if (target_path / name).is_file()]
    if "manifest.json" not in found:
        advice = "Run dbt once, or dbt parse: SCD2 tables and tests are found in it."
        return Observation("dbt.artifacts", Verdict.WARN, f"No manifest.json in {target_path}.", advice)
    return good("dbt.artifacts", f"{', '.join(found)} in {target_path}")


def _dbt_executable(settings: Settings) -> Observation:
    configured = settings.dbt.executable
    beside = Path(sys.executable).with_name("dbt")
    found = configured or (beside if beside.exists() else None) or _path(shutil.which("dbt"))
    if found is None or not os.access(found, os.X_OK):
        where = f"{found} cannot be executed." if found else "There is no dbt here."
        advice = "Set executable under [dbt] in gcms.toml, or install dbt-snowflake."
        return Observation("dbt.executable", Verdict.FAIL, where, advice)
    return good("dbt.executable", str(found))


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _private(name: str, file: Path, summary: str) -> Iterator[Observation]:
    """A file that may hold secrets: who else can read or write it?"""
    mode = stat.S_IMODE(file.stat().st_mode)
    advice = f"chmod 0600 {shlex.quote(str(file))}"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Observation(name, Verdict.FAIL, f"{summary}; others may write it ({mode:04o})", advice)
    elif mode & (stat.S_IRGRP | stat.S_IROTH) and _holds_a_literal_secret(file):
        yield Observation(name, Verdict.WARN, f"{summary}; others may read the secret in it ({mode:04o})", advice)
    else:
        yield good(name, summary)


_LITERAL_SECRET = re.compile(
    r"^\s*(?:password|token|private_key|private_key_passphrase|oauth_client_secret)\s*[:=](?!.*env_var)\s*\S",
    re.MULTILINE,
)


def _holds_a_literal_secret(file: Path) -> bool:
    return bool(_LITERAL_SECRET.search(file.read_text(encoding="utf-8", errors="replace")))


def _snowflake_files(settings: Settings) -> Iterator[Observation]:
    from gcms_tui.adapters.connections import snowflake_dir

    directory = snowflake_dir(os.environ)
    connections = directory / "connections.toml"
    if settings.snowflake.connection is not None and connections.is_file():
        yield from _private("snowflake.connections", connections, f"connections are read from {connections}")
    config = directory / "config.toml"
    try:
        logs = config.is_file() and "log" in tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        summary = f"{config} cannot be read ({type(error).__name__})."
        yield Observation("snowflake.log", Verdict.WARN, summary, "Correct it: the driver reads it as well.")
        return
    if logs:
        advice = "Take the [log] table out: at DEBUG the driver writes bound values, amounts and keys among them."
        yield Observation("snowflake.log", Verdict.WARN, f"{config} turns on the driver's own log file.", advice)


def _state_dir(directory: Path) -> Observation:
    """Whether it can be written, or made where it is not there yet: the first look at health makes it."""
    allow = f"chmod 0700 {shlex.quote(str(directory))}"
    advice = f"Make room where the disk is full; else {allow}, or set state_dir in gcms.toml."
    existing = next(place for place in (directory, *directory.parents) if os.path.lexists(place))
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x" * 4096)
            file.flush()
        free_mb = shutil.disk_usage(existing).free // 2**20
        mode = stat.S_IMODE(existing.stat().st_mode)
    except OSError as error:
        summary = f"{directory} cannot be written: {error.strerror}. Nothing is remembered."
        return Observation("state_dir", Verdict.FAIL, summary, advice)
    if existing != directory:
        return good("state_dir", f"{directory}, made when it is first needed, {free_mb} MB free")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Observation("state_dir", Verdict.WARN, f"{directory} is open to others (mode {mode:04o}).", advice)
    return good("state_dir", f"{directory}, {free_mb} MB free")


def _machine() -> Iterator[Observation]:
    python = f"gcms-tui {__version__}, Python {platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] >= _OLDEST_PYTHON:
        yield good("python", python)
    else:
        yield Observation("python", Verdict.FAIL, python, "Python 3.11 or newer is wanted.")
    versions = {name: _version(name) for name in _PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if missing:
        summary = f"{listed}; not installed: {', '.join(missing)}"
        yield Observation("packages", Verdict.FAIL, summary, "Install gcms-tui again.")
    else:
        yield good("packages", listed)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _terminal() -> Observation:
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        return good("terminal", "none here: the headless commands work, the console does not")
    size = os.get_terminal_size(sys.__stderr__.fileno())
    term = os.environ.get("TERM", "")
    encoding = (sys.__stderr__.encoding or "").lower()
    summary = f"{size.columns}x{size.lines}, TERM={term or 'unset'}, {_colours(term)}, {encoding or 'no encoding'}"
    if term in ("", "dumb"):
        return Observation("terminal", Verdict.WARN, summary, "Set TERM, for instance xterm-256color.")
    if "utf" not in encoding:
        return Observation("terminal", Verdict.WARN, summary, "Use --ascii, or a UTF-8 locale (LANG=C.UTF-8).")
    if (size.columns, size.lines) < _SMALLEST:
        return Observation("terminal", Verdict.WARN, summary, "80x24 or more shows everything.")
    return good("terminal", summary)


def _colours(term: str) -> str:
    if "NO_COLOR" in os.environ:
        return "no colours (NO_COLOR)"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in term else "16 colours"
