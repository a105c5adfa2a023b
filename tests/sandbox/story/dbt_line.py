"""dbt's command line in a process of its own that imports dbt once, as the first build does.

Run as a program, it is that process: command lines come on stdin, a JSON list each, and exit statuses are its answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[3]


class DbtLine:
    """Of one project. Nothing is started before the first command."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._said = project.with_name("dbt.said")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> DbtLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate()

    def run(self, *arguments: str) -> None:
        """`dbt ARGUMENTS`, to an answer: a test that failed is one."""
        where = ("--project-dir", str(self._project), "--profiles-dir", str(self._project), "--target", "sandbox")
        process = self._process = self._process or self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps([*arguments, *where]) + "\n")
        process.stdin.flush()
        status = process.stdout.readline().strip()
        assert status in ("0", "1"), self._said.read_text(encoding="utf-8")[-10_000:]

    def _started(self) -> subprocess.Popen[str]:
        with self._said.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.sandbox.story.dbt_line"],
                env=_environment(),
                cwd=self._project,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )


def _environment() -> dict[str, str]:
    """Compiled code is kept: it halves the start of dbt."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("DBT_")
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


def main() -> None:
    from gcms_tui.sandbox.story.dbt_child import _dbt

    for line in sys.stdin:
        sys.stdout.write(f"{_dbt(*json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
