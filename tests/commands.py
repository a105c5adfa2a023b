"""Commands over a practice platform, in this process: each of its own would import the drivers anew."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from gcms_tui.cli.main import run
from tests.practice import RunningPlatform

TABLE = "bronze.br_attendance_scd2"
"""Where the practice platform's duplicates are."""
WHY = ("--reason", "as the runbook has it")


@dataclass(frozen=True, slots=True)
class Commands:
    """`gcms-tui … --json`."""

    platform: RunningPlatform

    def told(self, *words: str) -> tuple[int, Any]:
        """How it ended, and its document."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = run(("--config", str(self.platform.config), *words, "--json"))
        assert "Traceback" not in err.getvalue()
        return status, json.loads(out.getvalue() or "{}")

    def does(self, *words: str) -> Any:
        status, said = self.told(*words)
        assert status == 0, said
        return said

    def refused(self, *words: str) -> str:
        """By which guard."""
        status, said = self.told(*words)
        assert status == 65, said
        return str(said["refused"]["guard"])

    def repaired(self) -> None:
        """Every key with duplicates: the tie by a choice, the others as they are proposed."""
        found = self.does("scd2", "plan", "--table", TABLE, "--all")
        for refused in found["refused"]:
            key = refused["natural_key"]
            keep = self.does("scd2", "show", key, "--table", TABLE)["versions"][0]["scd_id"]
            made = self.does("scd2", "plan", "--table", TABLE, "--key", key, "--keep", keep)
            self.does("scd2", "apply", made["plan"], "--confirm", key, "--no-tests", *WHY)
        self.does("scd2", "apply", found["batch"], "--confirm", found["confirmation"], "--no-tests", *WHY)
