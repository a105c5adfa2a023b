"""The runbook's useful commands and log locations, each labelled READ or WRITE, and corrected where it misleads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.dom import DOMNode

from gcms_tui.console.commands import Command
from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading
from gcms_tui.core.query import Access
from gcms_tui.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Useful:
    """One command of the appendix."""

    purpose: str
    instead: str
    """What is typed here."""
    access: Access
    theirs: str
    """As the runbook has it."""
    why: str = ""
    """Why not as the runbook has it; empty where it may stay."""


COMMANDS = (
    Useful(
        "Quick health check",
        "gcms-tui health",
        Access.READ,
        "dbt run --select gold && dbt test --select gold",
        "It rebuilds production, which is no check. Pane 1 looks, and builds nothing.",
    ),
    Useful(
        "Rebuild a model and what depends on it",
        "gcms-tui runs start -- build --select MODEL+",
        Access.WRITE,
        "dbt run --select model_name+",
        "run executes no test: what is wrong would be published. build tests each model before the next.",
    ),
    Useful(
        "Run only what failed",
        "gcms-tui runs retry last --preview",
        Access.WRITE,
        "dbt test --select result:fail",
        "Without --state it ends with an error, and it leaves out what errored. Here the run's own results are kept.",
    ),
    Useful(
        "Generate the documentation",
        "gcms-tui runs start -- docs generate",
        Access.READ,
        "dbt docs generate",
        "Into target/ it overwrites the results of the tests with success. Each run here has a directory of its own.",
    ),
    Useful(
        "Serve the documentation",
        "gcms-tui runbook step ID docs-serve",
        Access.READ,
        "dbt docs serve",
        "It blocks the shell for good, on the host that one has SSHed to. Here it is a job, with the tunnel to copy.",
    ),
    Useful(
        "Clean artifacts",
        "dbt clean",
        Access.WRITE,
        "dbt clean",
        "It deletes target/, and with it every result. Never while a run is active; the runs of this console are safe.",
    ),
    Useful(
        "Debug a model",
        "gcms-tui runs start -- build --select MODEL; gcms-tui runs log last --level debug",
        Access.WRITE,
        "dbt run --select model_name --debug",
        "It builds the model. The log of each run is kept at debug level anyway: L opens it, l there filters it.",
    ),
    Useful(
        "Refresh everything",
        "gcms-tui runbook start weekly",
        Access.WRITE,
        "dbt run --full-refresh",
        "It rebuilds SCD2 history from today's source. The weekly procedure backs up first, and leaves history out.",
    ),
    Useful(
        "Read the last run",
        "gcms-tui runs log last",
        Access.READ,
        "tail -n 100 dbt/logs/dbt.log",
        "Invocations mix in that file, and it rotates at 10 MB.",
    ),
    Useful(
        "Ask Supabase",
        "gcms-tui pipeline status",
        Access.READ,
        'psql "postgresql://user:pass@host:port/postgres"',
        "The password would be in the process list and the shell's history.",
    ),
    Useful(
        "Compare dev with prod",
        "gcms-tui runbook show dev-against-prod",
        Access.READ,
        "dbt run --target dev; dbt run --target prod",
        "Running both writes production, and compares nothing.",
    ),
    Useful(
        "A slow model",
        "gcms-tui runs trend",
        Access.READ,
        "consider adding indexes",
        "Standard Snowflake tables have none: look at clustering, and at the query profile.",
    ),
)


def places(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Where logs and results lie, and what each is."""
    project = settings.dbt.project_dir
    dbt = str(project) if project is not None else "the dbt project"
    return (
        ("Runs of this console", f"{settings.state_dir}/runs, a directory for each: log, results, manifest"),
        ("dbt's own log", f"{dbt}/logs/dbt.log, where dbt was run by hand"),
        ("Compiled SQL", f"{dbt}/target/compiled/"),
        ("Run artifacts", f"{dbt}/target/run/"),
        ("Failing rows", "in the warehouse, where dbt's results say: pane 2, then f"),
    )


def to_copy(node: DOMNode, settings: Settings) -> list[Command]:
    """For the palette: each command and each place, chosen to be copied; nothing is run."""
    told = [(item.access.name, item.purpose, item.instead) for item in COMMANDS]
    told += [(Access.READ.name, what, where) for what, where in places(settings)]
    return [
        Command(
            id=f"useful.{number}",
            keys=(),
            title=f"Copy {access}",
            tooltip=f"{what}: {text}",
            action=f"copy_text({text!r}, {what!r})",
            node=node,
            refusal=None,
        )
        for number, (access, what, text) in enumerate(told)
    ]


class UsefulDialog(PageDialog):
    """What each is for, what is typed, whether it writes."""

    def __init__(self, look: Look, settings: Settings) -> None:
        super().__init__(look, "Useful commands and logs")
        self._settings = settings

    def page(self, width: int) -> Sequence[Text]:
        look, palette = self.look, self.look.palette
        lines = [heading("Useful commands", look, len(COMMANDS))]
        for item in COMMANDS:
            tint = f"bold {palette.warn}" if item.access is Access.WRITE else palette.ok
            said = Text.assemble((f"{item.access.name:<5} ", tint), (item.purpose, f"bold {palette.strong}"))
            lines += [*flow(said, width - 1, " "), *flow(Text(item.instead, palette.text), width - 1, "       ")]
            if item.why:
                why = f"not: {item.theirs}. {item.why}" if item.theirs != item.instead else item.why
                lines += flow(Text(why, palette.muted), width - 1, "       ")
        lines += [Text(), heading("Where logs are", look)]
        for what, where in places(self._settings):
            said = Text.assemble((f"{what}: ", palette.strong), (look.glyphs.text(where, 400), palette.text))
            lines += flow(said, width - 1, " ")
        return lines

    def as_text(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.page(100))
