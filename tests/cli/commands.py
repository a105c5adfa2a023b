"""The command line as a child process: its exit status, stdout and stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
