"""Runs dbt commands one after the other in this process, so that dbt is imported once.

`python -m gcms_tui.sandbox.story.dbt_child PROJECT_DIR`, in a process of its own: dbt's adapter and flags are global
to a process, and it prints what it likes. One JSON line on stdout for each command; dbt's own words go to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from dbt.cli.main import dbtRunner

from gcms_tui.sandbox.story.project import TARGET


def main(project: Path) -> int:
    """Builds the models, asks for the sources' freshness, tests: in this order, so that `target/run_results.json` tells
    of the test. The exit status is 0 where the models were built and the questions answered, whatever the answer."""
    where = ["--project-dir", str(project), "--profiles-dir", str(project), "--target", TARGET, "--no-use-colors"]
    runner = dbtRunner()
    for command, must_succeed in (("run", True), ("source freshness", False), ("test", False)):
        started = time.monotonic()
        with redirect_stdout(sys.stderr):
            result = runner.invoke([*command.split(), *where])
        report = {"command": command, "success": result.success, "seconds": round(time.monotonic() - started, 3)}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()
        if result.exception or (must_succeed and not result.success):
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
