"""`gcms-tui init`: a first gcms.toml from a dbt project."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from gcms_tui.adapters.config import FILE_NAME
from gcms_tui.adapters.dbt_sources import Found, FoundSource, look_through
from gcms_tui.adapters.profiles import DbtProject, read_output, read_project
from gcms_tui.cli.config_text import config_text
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell
from gcms_tui.core.errors import ConfigError, GcmsError, UsageError
from gcms_tui.core.settings import DbtSettings, SourceSettings
from gcms_tui.core.text import printable


@click.command()
@click.argument("project_dir", type=click.Path(path_type=Path), default=Path())
@click.option("--output", type=click.Path(path_type=Path), help="Where to write it.  [default: ./gcms.toml]")
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@headless
def init(invocation: Invocation, project_dir: Path, output: Path | None, force: bool) -> None:
    """Write a commented gcms.toml for the dbt project in PROJECT_DIR.

    Sources and SCD2 tables are taken from the project. Writing stays off until the file allows it.
    """
    path = (output or invocation.config or Path(FILE_NAME)).absolute()
    project = read_project(DbtSettings(project_dir=project_dir.absolute()), os.environ)
    target = invocation.target or _own_target(project)
    found = look_through(project)
    _write(path, config_text(_given(project, target, found, path.parent), _heading(project)), force=force)
    if invocation.json:
        print_json(
            {"config": path, "sources": len(found.sources), "scd2": len(found.scd2), "read_from": found.read_from}
        )
    else:
        click.echo(printable(str(path)))
    tell(f"{len(found.sources)} sources and {len(found.scd2)} SCD2 tables, from {printable(found.read_from)}.")
    tell("Next: set [supabase] and the contacts, then: gcms-tui doctor")


def _heading(project: DbtProject) -> str:
    return (
        f"gcms-tui for the dbt project {project.name}.\n"
        "A line that begins with # and a key shows what holds if nothing is said. Relative paths are taken from here.\n"
        "No secret belongs in here: name an environment variable or a 0600 file that holds it.\n"
    )


def _given(project: DbtProject, target: str | None, found: Found, base: Path) -> dict[str, Any]:
    dbt: dict[str, Any] = {"project_dir": _from(base, project.directory)}
    if target is not None:
        dbt["target"] = target
    sources = []
    for source in found.sources:
        warn, fail = _thresholds(source)
        known = {
            "table": source.table,
            "timestamp_column": source.timestamp_column,
            "warn_after_h": warn,
            "fail_after_h": fail,
        }
        sources.append({key: value for key, value in known.items() if value is not None})
    return {"read_only": True, "dbt": dbt, "sources": sources, "scd2": [{"table": table} for table in found.scd2]}


def _thresholds(source: FoundSource) -> tuple[float | None, float | None]:
    """WARN and FAIL in hours as the project has them; None where the default holds and fits the other."""
    defaults = SourceSettings(source.table)
    warn, fail = source.warn_after_h, source.fail_after_h
    if fail is not None and (warn or defaults.warn_after_h) > fail:
        return fail, fail
    if warn is not None and fail is None and warn > defaults.fail_after_h:
        return warn, warn
    return warn, fail


def _own_target(project: DbtProject) -> str | None:
    """The profile's default; None where it cannot be told, which the doctor explains better."""
    try:
        return read_output(DbtSettings(project_dir=project.directory), project, os.environ).target
    except GcmsError:
        return None


def _from(base: Path, directory: Path) -> str:
    """Relative where the project lies below the file, so that both can be moved together."""
    try:
        return str(directory.resolve().relative_to(base.resolve()))
    except ValueError:
        return str(directory.resolve())


def _write(path: Path, text: str, *, force: bool) -> None:
    """All of it or nothing. Raises `UsageError` where a file is there already and `force` is not given."""
    if path.exists() and not force:
        raise UsageError("Not overwritten", f"{path} is there already.", "Use --output FILE, or --force to replace it.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            if force:
                temporary.replace(path)
            else:
                # Unlike a rename, a link refuses where somebody else was quicker.
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError("Not overwritten", f"{path} is there already.", "Use --force to replace it.") from None
    except OSError as error:
        raise ConfigError(
            "Cannot write the configuration", f"{path}: {error.strerror}.", "Use --output FILE."
        ) from None
