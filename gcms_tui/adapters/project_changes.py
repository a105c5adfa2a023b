"""Asks git what changed in the dbt project. What git answers is data, whatever the names in it look like."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gcms_tui.core.project_changes import Changes, Commit

MOST_COMMITS = 50
_TIMEOUT_S = 10
_QUIET = (
    "--no-pager", "--no-optional-locks", "--literal-pathspecs",
    "-c", "log.showSignature=false", "-c", "core.fsmonitor=false", "-c", "i18n.logOutputEncoding=utf-8",
)  # fmt: skip
"""No program of the repository's own choosing is started, and a path is nothing but a path, with : and * in it too."""


class _Unanswered(Exception):
    """Git did not answer, or said no; the text says why."""


class GitChanges:
    """One dbt project, wherever its repository begins. Every method runs git, for seconds at most."""

    def __init__(self, project_dir: Path, env: Mapping[str, str], *, always: Sequence[str] = ("macros",)) -> None:
        """`always` is asked for beside what is asked: where the macros are."""
        self._project_dir = project_dir
        # An outer git's own variables would lead it to another repository.
        led = {name for name in env if name.startswith("GIT_") and not name.startswith("GIT_CONFIG")}
        self._env = {**{name: value for name, value in env.items() if name not in led}, "LC_ALL": "C"}
        self._always = tuple(always)

    def since(self, moment: datetime, files: Sequence[str]) -> Changes:
        """Which commits since `moment`, and what is not committed, touched `files` or the macros. Never raises: where
        git does not tell, the answer says so."""
        asked = tuple(dict.fromkeys((*files, *self._always)))
        commands: list[tuple[str, ...]] = []
        try:
            shallow = self._git(commands, "rev-parse", "--is-shallow-repository").strip() == b"true"
            if not self._git(commands, "ls-files", "-z", "--", *asked):
                raise _Unanswered("the repository around the project does not track these files")
            log = self._log(commands, moment, asked)
            changed = self._git(
                commands, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *asked
            )
        except _Unanswered as error:
            return Changes(moment, asked, problem=str(error), commands=tuple(commands))
        notes = ["the clone is shallow: what is older than it is not known"] if shallow else []
        notes += [f"only the newest {MOST_COMMITS} are told"] if len(log) > MOST_COMMITS else []
        return Changes(
            moment,
            asked,
            log[:MOST_COMMITS],
            tuple(_text(entry[3:]) for entry in changed.split(b"\0") if entry),
            note="; ".join(notes),
            commands=tuple(commands),
        )

    def _log(self, commands: list[tuple[str, ...]], moment: datetime, asked: Sequence[str]) -> tuple[Commit, ...]:
        mark = secrets.token_hex(16)  # nobody who names files or writes messages can know it
        told = self._git(
            commands, "log", "-z", "--no-color", "--no-ext-diff", "--name-only", f"--max-count={MOST_COMMITS + 1}",
            f"--since={moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", f"--format={mark}%x00%H%x00%ct%x00%an%x00%s",
            "--", *asked,
        )  # fmt: skip
        return tuple(_commit(record) for record in told.split(mark.encode())[1:])

    def _git(self, commands: list[tuple[str, ...]], *words: str) -> bytes:
        argv = ("git", "-C", str(self._project_dir), *_QUIET, *words)
        commands.append(argv)
        try:
            done = subprocess.run(
                [os.fsencode(word) for word in argv],
                env=self._env, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise _Unanswered("there is no git here") from None
        except subprocess.TimeoutExpired:
            raise _Unanswered(f"git did not answer within {_TIMEOUT_S} s") from None
        except (OSError, ValueError) as error:
            raise _Unanswered(f"git could not be started: {error}") from None
        if done.returncode != 0:
            said = _text(done.stderr).strip().splitlines()
            raise _Unanswered(said[0].removeprefix("fatal: ")[:300] if said else f"git ended with {done.returncode}")
        return done.stdout


def _commit(record: bytes) -> Commit:
    _, sha, at, author, subject, *files = record.split(b"\0")
    if files:
        files[0] = files[0].removeprefix(b"\n")  # git ends the head of a commit with it
    return Commit(
        _text(sha),
        datetime.fromtimestamp(int(at), UTC),
        _text(author),
        _text(subject),
        tuple(_text(name) for name in files if name),
    )


def _text(said: bytes) -> str:
    return said.decode("utf-8", errors="replace")
