"""dbt where nothing may be written: what starts runs there cannot start one that writes."""

from __future__ import annotations

from gcms_tui.adapters.dbt_launcher import DbtProcesses
from gcms_tui.core.errors import Refused
from gcms_tui.core.query import Access
from gcms_tui.core.run import Person, Run
from gcms_tui.core.run_preview import Preview


class ReadingDbt(DbtProcesses):
    """Starts commands that read, and stops none."""

    def start(self, preview: Preview, person: Person) -> Run:
        if preview.command.access is Access.WRITE:
            raise Refused(
                "Read-only",
                f"dbt {preview.command.subcommand} may write, and nothing may be written here.",
                "Start the console where writing is allowed.",
            )
        return super().start(preview, person)

    def ask_to_stop(self, run: Run, person: Person) -> None:
        raise Refused(
            "Read-only", f"{run.run_id} goes on: nothing may be changed here.", "Cancel it where writing is allowed."
        )
