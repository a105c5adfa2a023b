"""The way of a payroll by commands, each by whoever is played, over a practice platform."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.payroll import events
from gcms_tui.core.writing.journal import INTENT
from gcms_tui.operations.payroll.book import AtStep
from tests.commands import WHY, Commands
from tests.practice import RunningPlatform

HELD = "33"
"""The concert that the practice platform's duplicates pay too much."""
TRIO = {"engineer": "erin", "finance": "frank", "manager": "maria"}
TODAY = datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Walk:
    """`gcms-tui payroll`, by whoever is played."""

    platform: RunningPlatform

    @property
    def commands(self) -> Commands:
        return Commands(self.platform)

    def told(self, *words: str, by: str = "erin") -> tuple[int, dict[str, Any]]:
        return self.commands.told("payroll", *words, "--as", by)

    def does(self, *words: str, by: str = "erin") -> dict[str, Any]:
        status, said = self.told(*words, by=by)
        assert status == 0, said
        return said

    def refused(self, *words: str, by: str = "erin") -> str:
        """By which guard."""
        status, said = self.told(*words, by=by)
        assert status == 65, said
        return str(said["refused"]["guard"])

    def states(self, run: str) -> dict[str, str]:
        return {step["step"]: step["state"] for step in self.does("show", run)["steps"]}

    # -- what is left of it ------------------------------------------------------------------------------------------

    def entries(self, kind: str, run: str = "%") -> list[dict[str, Any]]:
        """Payloads of the journal, each with its subject and its writer."""
        asked = "SELECT subject, user, payload FROM journal WHERE kind = ? AND subject LIKE ? ORDER BY sequence"
        with closing(sqlite3.connect(self.platform.state_dir / "store.sqlite3")) as connection:
            found = connection.execute(asked, (kind, run)).fetchall()
        return [{"subject": subject, "user": user, **json.loads(payload)} for subject, user, payload in found]

    def run_of(self, concert: str) -> str:
        """The concert has one payroll run."""
        (run,) = (entry["subject"] for entry in self.entries(events.OPENED) if entry["concert"] == concert)
        return str(run)

    def released_file(self, run: str) -> Path:
        (left,) = self.entries(events.RELEASED, run)
        return Path(left["directory"]) / str(left["file"])

    # -- stretches of the way ----------------------------------------------------------------------------------------

    def looked_at(self, run: str) -> None:
        rows = [row["row"] for row in self.does("spot-check", run, by="frank")["rows"]]
        chosen = [word for row in rows for word in ("--row", row)]
        assert not self.does("spot-check", run, *chosen, "--ok", by="frank")["queries"]

    def signed(self, run: str) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for role, person in TRIO.items():
            said = self.does("sign", run, "--role", role, by=person)
        return said

    def paid(self, run: str, concert: str) -> dict[str, Any]:
        recording = ("record", run, "--date", TODAY)
        shown, confirmed = self.does(*recording), ("--confirm", concert, *WHY)  # and not done
        assert shown["confirmation"] == concert and self.does(*recording)["plan"] != shown["plan"]
        assert (self.told(*recording, *confirmed)[0], self.told(*recording, "--plan", shown["plan"])[0]) == (64, 64)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AtStep, "note", _cut_off)
            assert self.told(*recording, "--plan", shown["plan"], *confirmed)[0] == 69, "recorded, and not noted"
        assert self.refused(*recording, "--plan", shown["plan"], "--confirm", "0", *WHY) == "confirmation"
        for _ in range(2):  # the same command takes it over, and then has nothing to do
            self.does(*recording, "--plan", shown["plan"], *confirmed)
        status, archive = self.told("archive", run)
        if status == 65:  # the day's name is taken by the other concert's
            assert archive["refused"]["guard"] == "name_taken"
            archive = self.does("archive", run, "--suffix", concert)
        assert self.told("archive", run, "--plan", archive["plan"], *confirmed, "--adopt")[0] == 64
        assert self.refused("archive", run, "--plan", shown["plan"], *confirmed) == "plan", "which records"
        said = self.does("archive", run, "--plan", archive["plan"], *confirmed)
        assert {shown["plan"], archive["plan"]} <= {intent["plan"] for intent in self.entries(INTENT)}
        assert self.refused("log", run, "--exceptions", " ") == "exceptions"
        self.does("log", run, "--exceptions", "none", by="frank")
        return said


def _cut_off(*_: object) -> None:
    raise StateError("Not written", "the disk is full")
