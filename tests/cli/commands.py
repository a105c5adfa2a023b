"""The command line, as a child process or in this one: its exit status, stdout and stderr."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from gcms_tui.cli.main import run


@dataclass(frozen=True, slots=True)
class Done:
    status: int
    out: str
    err: str


def gcms_tui(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Done:
    """One command, without a terminal, in this test's environment and what `env` adds to it."""
    done = subprocess.run(
        [sys.executable, "-m", "gcms_tui", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(env or {})},
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def here(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Done:
    """The same command in this process, which has imported the drivers once: where its own would prove nothing more."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, chdir(cwd or Path.cwd()), redirect_stdout(out), redirect_stderr(err):
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        status = run(tuple(map(str, arguments)))
    told = []
    for stream in (out, err):
        stream.seek(0)
        told.append(stream.read())
    return Done(status, *told)
