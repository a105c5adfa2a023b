"""Reads what dbt left on disk: run_results.json, manifest.json, and the end of dbt.log.

Big files are read in pieces: a piece of Python's JSON or text work keeps the interpreter for itself, and the console
has to go on drawing meanwhile.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, Generic, TypeVar

from gcms_tui.core.dbt_log import DbtLog, LogPart, read_log
from gcms_tui.core.dbt_manifest import Manifest, Node, parse_node
from gcms_tui.core.dbt_results import (
    ArtifactError,
    MissingArtifact,
    RunResults,
    moment_or_none,
    not_an_artifact,
    parse_run_results,
)

LOG_TAIL = 8 * 1024 * 1024
"""How much of the log is read, from its end."""
LOG_TAIL_AT_MOST = 64 * 1024 * 1024
"""And how much where that holds no beginning of an invocation."""
_BLOCK = 256 * 1024
_METADATA_WITHIN = 16 * 1024
_INVOCATION_ID = re.compile(r'"invocation_id": ?"([0-9a-f-]{36})"')

T = TypeVar("T")
_NEXT_RUN = "Runbook, Daily 1: run dbt build in the project, or correct project_dir under [dbt] in gcms.toml."


class DbtArtifacts:
    """dbt's files of one project. What has not changed since it was read is not read again."""

    def __init__(self, target_dir: Path, log_dir: Path) -> None:
        self._results = _Kept[RunResults](target_dir / "run_results.json", _read_results)
        self._manifest = _Kept[Manifest](target_dir / "manifest.json", _read_manifest)
        self._target_dir = target_dir
        self._log_file = log_dir / "dbt.log"
        self._log: tuple[tuple[_LogFile, ...], DbtLog] | None = None

    def run_results(self) -> RunResults:
        return self._results.get()

    def manifest(self) -> Manifest:
        return self._manifest.get()

    def log(self) -> DbtLog:
        """Raises `MissingArtifact` where there is no log."""
        files = _log_files(self._log_file)
        kept = self._log
        if kept is not None and kept[0] == tuple(files):
            return kept[1]
        log = _read_tail(self._log_file, files, LOG_TAIL)
        if not log.invocations and sum(file.size for file in files) > LOG_TAIL:
            log = _read_tail(self._log_file, files, LOG_TAIL_AT_MOST)
        self._log = (tuple(files), log)
        return log

    def results_of(self, invocation_id: str) -> RunResults:
        results = self.run_results()
        if results.invocation_id != invocation_id:
            raise MissingArtifact(
                "No results", f"{results.source} is of another invocation than {invocation_id}", _NEXT_RUN
            )
        return results

    def left_by(self, invocation_id: str) -> tuple[Path, ...]:
        files = (self._target_dir / name for name in ("run_results.json", "sources.json", "manifest.json"))
        return tuple(path for path in files if _written_by(path) == invocation_id)

    def log_written_at(self) -> datetime | None:
        try:
            return datetime.fromtimestamp(self._log_file.stat().st_mtime, UTC)
        except OSError:
            return None


class _Kept(Generic[T]):
    """A file's content as last read, for as long as the file is the same."""

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path = path
        self._read = read
        self._kept: tuple[tuple[int, int, int], T] | None = None

    def get(self) -> T:
        try:
            state = os.stat(self._path)
            mark = (state.st_mtime_ns, state.st_size, state.st_ino)
            kept = self._kept
            if kept is None or kept[0] != mark:
                kept = self._kept = (mark, self._read(self._path))
            return kept[1]
        except OSError as error:
            raise _unreadable(self._path, error) from None


def _written_by(path: Path) -> str | None:
    """The invocation that wrote an artifact, by its metadata: they come first, and the rest may be large."""
    try:
        with path.open("rb") as stream:
            beginning = stream.read(_METADATA_WITHIN).decode("utf-8", errors="replace")
    except OSError:
        return None
    found = _INVOCATION_ID.search(beginning)
    return found[1] if found else None


def _unreadable(path: Path, error: OSError) -> ArtifactError:
    if isinstance(error, FileNotFoundError):
        return MissingArtifact(f"No {path.name}", f"dbt has left no {path}", _NEXT_RUN)
    return ArtifactError(f"{path.name} cannot be read", f"{path}: {error.strerror}", "Look at the file's permissions.")


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _read_results(path: Path) -> RunResults:
    try:
        document = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise not_an_artifact(str(path), path.name, error) from None
    return parse_run_results(document, str(path))


def _read_manifest(path: Path) -> Manifest:
    text = _text(path)
    nodes: dict[str, Node] = {}
    sources: dict[str, Node] = {}
    schema = ""
    generated_at: datetime | None = None
    found_nodes = False
    try:
        for member in _members(text, 0):
            if member.key in ("nodes", "unit_tests"):
                found_nodes = True
                for node in member.members():
                    nodes[node.key] = parse_node(node.value())
            elif member.key == "sources":
                for source in member.members():
                    read = source.value()
                    with suppress(KeyError, TypeError, AttributeError):  # whoever asks for it does not find it then
                        sources[source.key] = parse_node(read)
            elif member.key == "metadata":
                metadata = member.value()
                schema = str(metadata.get("dbt_schema_version") or "")
                generated_at = moment_or_none(metadata.get("generated_at"))
        if not found_nodes:
            raise ValueError("it holds no nodes")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise not_an_artifact(str(path), path.name, error) from None
    version = schema.rpartition("/")[2].removesuffix(".json") or "none"
    return Manifest(str(path), version, nodes, generated_at, sources)


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(slots=True)
class _Member:
    """One member of a JSON object. What of it is read is read once, and what is not is passed over."""

    key: str
    text: str
    at: int
    """Where its value begins."""
    end: int | None = None

    def value(self) -> Any:
        value, self.end = _DECODER.raw_decode(self.text, self.at)
        return value

    def members(self) -> Iterator[_Member]:
        self.end = yield from _members(self.text, self.at)

    def passed(self) -> int:
        """Where its value ends."""
        if self.end is None:
            _, self.end = _DECODER.raw_decode(self.text, self.at)
        return self.end


def _members(text: str, at: int) -> Generator[_Member, None, int]:
    """The members of the JSON object that begins at `at`; returns where it ends.

    One value at a time is decoded, so that no step of a big file takes long. Raises `ValueError`.
    """
    at = _expect(text, at, "{")
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        at = _expect(text, at, '"')
        key, at = scanstring(text, at, False)
        member = _Member(key, text, _expect(text, at, ":"))
        yield member
        at = _skip_space(text, member.passed())
        if text[at : at + 1] == "}":
            return at + 1
        at = _expect(text, at, ",")


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, character: str) -> int:
    """Past `character` and the white space around it; past a quote, none is skipped."""
    at = _skip_space(text, at)
    if text[at : at + 1] != character:
        raise ValueError(f"{character} expected at character {at}, the file ends early or is no JSON object")
    return at + 1 if character == '"' else _skip_space(text, at + 1)


@dataclass(frozen=True, slots=True)
class _LogFile:
    path: Path
    size: int
    modified_at: datetime


def _log_files(newest: Path) -> list[_LogFile]:
    """dbt.log and its rotated files, the newest first."""
    candidates = [newest, *(newest.with_name(f"{newest.name}.{number}") for number in range(1, 10))]
    files = []
    for path in candidates:
        try:
            state = path.stat()
        except FileNotFoundError:
            break
        except OSError as error:
            raise _unreadable(path, error) from None
        files.append(_LogFile(path, state.st_size, datetime.fromtimestamp(state.st_mtime).astimezone()))
    if not files:
        raise MissingArtifact("No dbt.log", f"dbt has left no {newest}", _NEXT_RUN)
    return files


def _read_tail(newest: Path, files: list[_LogFile], budget: int) -> DbtLog:
    parts = []
    for file in files:
        if budget <= 0:
            break
        parts.append(LogPart(_blocks(file, min(budget, file.size)), file.modified_at))
        budget -= file.size
    return read_log(str(newest), reversed(parts))


def _blocks(file: _LogFile, length: int) -> Iterator[str]:
    """The last `length` bytes in blocks of whole lines, without the line that the beginning cuts in half."""
    try:
        with file.path.open("rb") as stream:
            stream.seek(file.size - length)
            if length < file.size:
                stream.readline()
            rest = b""
            while chunk := stream.read(_BLOCK):
                whole, newline, tail = (rest + chunk).rpartition(b"\n")
                rest = tail
                if newline:
                    yield whole.decode("utf-8", errors="replace")
            if rest:
                yield rest.decode("utf-8", errors="replace")
    except OSError as error:
        raise _unreadable(file.path, error) from None
