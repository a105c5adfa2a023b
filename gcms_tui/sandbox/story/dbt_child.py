"""Runs dbt's command line several times in one process, so that dbt is imported once.

`python -m gcms_tui.sandbox.story.dbt_child PROJECT_DIR`, in a process of its own: dbt's adapter and flags are global
to a process, and it prints what it likes. One JSON line on stdout for each command; dbt's own words go to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from dbt.cli.main import cli

from gcms_tui.sandbox.story.project import TARGET

ANSWERED = 1
"""dbt's exit status where a test failed or a source is stale: an answer, not a fault."""


def main(project: Path) -> int:
    """Builds the models, asks for the sources' freshness, tests: in this order, so that `target/run_results.json` tells
    of the test. The exit status is 0 where the models were built and the questions answered, whatever the answer."""
    where = ("--project-dir", str(project), "--profiles-dir", str(project), "--target", TARGET, "--no-use-colors")
    for command, tolerated in (("run", 0), ("source freshness", ANSWERED), ("test", ANSWERED)):
        started = time.monotonic()
        status = _dbt(*command.split(), *where)
        report = {"command": command, "status": status, "seconds": round(time.monotonic() - started, 3)}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()
        if status > tolerated:
            return status
    return 0


def _dbt(*arguments: str) -> int:
    """The exit status of `dbt ARGUMENTS`. dbt records the process's argv as the command that was given."""
    sys.argv = ["dbt", *arguments]
    try:
        with redirect_stdout(sys.stderr):
            cli.main(args=list(arguments), prog_name="dbt")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
