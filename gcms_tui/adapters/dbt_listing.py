"""What dbt itself would select, asked before anything is started."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gcms_tui.adapters.dbt_argv import DbtPlace
from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
from gcms_tui.adapters.dbt_warm import WarmDbt, WarmGone
from gcms_tui.adapters.private_file import make_directory
from gcms_tui.adapters.run_lease import locked
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import find_scd2
from gcms_tui.core.errors import Unavailable, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.run_preview import SelectedNode

LISTING_AT_MOST_S = 300
"""A large project is parsed anew in minutes."""
LOCK = "listing.lock"
"""In the directory where dbt leaves what it has parsed: held by whoever has it write there, and by dbt itself."""
_PAUSE_S = 0.05


class Listing:
    """`dbt ls` for one project and target. It parses the project, and leaves it parsed for the run that follows."""

    def __init__(
        self,
        place: DbtPlace,
        env: Mapping[str, str],
        warm: WarmDbt | None,
        executable: Callable[[], Path],
        scd2: Collection[Relation] = (),
    ) -> None:
        """`scd2`: tables that hold versions, whatever the manifest says of them."""
        self._place = place
        self._env = env
        self._warm = warm
        self._executable = executable
        self._scd2 = scd2

    def nodes(self, command: DbtCommand, state: Path | None) -> tuple[SelectedNode, ...]:
        """Raises `UsageError` with dbt's own words, `Unavailable`, `ArtifactError`."""
        cache = self._place.cache(command)
        try:
            make_directory(cache)
            with _alone(cache / LOCK) as held:
                return self._nodes(command, state, cache, held)
        except subprocess.TimeoutExpired:
            raise Unavailable(
                "dbt does not answer",
                f"dbt has not said within {LISTING_AT_MOST_S} s what it would run.",
                "Try `dbt ls` in the project's directory.",
            ) from None
        except OSError as error:
            raise Unavailable(
                "dbt could not be asked",
                f"{error.filename or cache}: {error.strerror or type(error).__name__}",
                "See: gcms-tui doctor",
            ) from None

    def _nodes(self, command: DbtCommand, state: Path | None, cache: Path, held: int) -> tuple[SelectedNode, ...]:
        code, said, errors = self._ask(self._place.listing(command, state), held)
        if code != 0:
            raise UsageError(
                "dbt cannot say what it would run", _reason(said, errors, code), "Correct it, and try again."
            )
        listed = [item for item in _printed(said) if _executes(command, item)]
        return self._selected(listed, cache) if listed else ()

    def _ask(self, argv: Sequence[str], held: int) -> tuple[int, bytes, bytes]:
        """Exit code, output, errors."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._ask_warm(argv, out.fileno(), err.fileno(), held)
            if code is None:
                for stream in (out, err):
                    stream.seek(0)
                    stream.truncate()
                code = subprocess.run(
                    (str(self._executable()), *argv[1:]),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=dict(self._env),
                    cwd=self._place.project_dir,
                    timeout=LISTING_AT_MOST_S,
                    umask=0o077,
                    pass_fds=(held,),
                    check=False,
                ).returncode
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()

    def _ask_warm(self, argv: Sequence[str], out: int, err: int, held: int) -> int | None:
        if self._warm is None or not self._warm.alive:
            return None
        try:
            return self._warm.run(argv, self._env, str(self._place.project_dir), out, err, held, LISTING_AT_MOST_S)
        except WarmGone:
            return None

    def _selected(self, listed: Sequence[Mapping[str, Any]], cache: Path) -> tuple[SelectedNode, ...]:
        manifest = DbtArtifacts(cache, cache).manifest()
        scd2 = {found.unique_id for found in find_scd2(manifest)}
        return tuple(
            SelectedNode(
                unique_id=item["unique_id"],
                resource_type=str(item.get("resource_type") or item["unique_id"].partition(".")[0]),
                name=_name(item),
                materialized=str(item.get("config.materialized") or ""),
                relation_name=item.get("relation_name") or None,
                scd2=item["unique_id"] in scd2 or self._is_named(item.get("relation_name")),
                keeps_on_full_refresh=item.get("config.full_refresh") is False,
            )
            for item in listed
        )

    def _is_named(self, relation_name: object) -> bool:
        try:
            relation = Relation.parse(str(relation_name))
        except ValueError:
            return False
        return any(relation.may_be(table) for table in self._scd2)


@contextmanager
def _alone(lock: Path) -> Iterator[int]:
    """Two consoles may ask at the same time, and dbt would write the same files for both."""
    deadline = time.monotonic() + LISTING_AT_MOST_S
    while (held := locked(lock)) is None:
        if time.monotonic() > deadline:
            raise Unavailable(
                "dbt is being asked already", f"Another console has not let go of {lock}.", "Close it, or try later."
            )
        time.sleep(_PAUSE_S)
    try:
        yield held
    finally:
        os.close(held)  # and not unlocked: a dbt that was left behind still writes there


def _events(said: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    for line in said.splitlines():
        try:
            event = json.loads(line)
            name, data = event["info"]["name"], event["data"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(data, dict):
            yield str(name), data


def _printed(said: bytes) -> Iterator[dict[str, Any]]:
    """The nodes among what was printed: a macro of the project may print as well."""
    for name, data in _events(said):
        if name != "PrintEvent":
            continue
        try:
            item = json.loads(data.get("msg", ""))
        except (ValueError, TypeError, RecursionError):
            continue
        if isinstance(item, dict) and isinstance(item.get("unique_id"), str):
            yield item


def _executes(command: DbtCommand, item: Mapping[str, Any]) -> bool:
    """Of the sources, `source freshness` looks only at those that say how fresh they have to be."""
    if command.subcommand != "source freshness":
        return True
    limits = item.get("freshness") or {}
    return any((limits.get(name) or {}).get("count") is not None for name in ("warn_after", "error_after"))


def _name(item: Mapping[str, Any]) -> str:
    name = str(item.get("alias") or item.get("name") or item["unique_id"])
    return f"{item['source_name']}.{name}" if item.get("source_name") else name


def _reason(said: bytes, errors: bytes, code: int) -> str:
    """dbt's own words: of the error that ended it, else what it wrote to stderr."""
    reasons = [str(data.get("exc", "")) for name, data in _events(said) if name == "MainEncounteredError"]
    words = "\n".join(reason for reason in reasons if reason) or errors.decode(errors="replace")
    return words.strip()[-4000:] or f"dbt ended with {code}, without a word"
