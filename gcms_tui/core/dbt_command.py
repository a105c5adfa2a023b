"""A dbt command as a person means it, before the console adds where everything is."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.dbt_options import LISTED, SELECTING
from gcms_tui.core.query import Access


@dataclass(frozen=True, slots=True)
class DbtCommand:
    """One command of dbt's. Made by `parse_command` (dbt_words) or `dataclasses.replace`: every word is checked."""

    subcommand: str
    """`build`, `test`, `source freshness`."""
    select: tuple[str, ...] = ()
    """Selectors, each a word of `--select`: `+fct_musician_payment`, `tag:critical`, `result:fail`."""
    exclude: tuple[str, ...] = ()
    full_refresh: bool = False
    store_failures: bool = False
    state_of: str | None = None
    """The run whose kept artifacts are dbt's `--state`; what `result:fail` is compared with."""
    extra: tuple[str, ...] = ()
    """Further options as typed, checked to be none of those that the console sets itself."""

    @property
    def access(self) -> Access:
        """WRITE where it may change the warehouse or delete files. Tests store failing rows: WRITE."""
        return Access.READ if self.subcommand in READING else Access.WRITE

    @property
    def selects(self) -> bool:
        """It executes nodes; without a selector, all that it can."""
        return self.subcommand in SELECTING

    @property
    def compares(self) -> bool:
        """It selects by the results of an earlier run, and needs `state_of`."""
        return any("result:" in selector for selector in (*self.select, *self.exclude))

    def option(self, name: str) -> tuple[str, ...]:
        """The values of one option among `extra`; empty where it is not there or takes none."""
        if name not in self.extra:
            return ()
        behind = self.extra[self.extra.index(name) + 1 :]
        end = next((place for place, word in enumerate(behind) if word.startswith("-")), len(behind))
        return behind[:end]

    @property
    def listing(self) -> tuple[str, ...]:
        """What of `extra` bears on the selection: what `dbt ls` has to be given besides --select and --exclude."""
        words: list[str] = []
        for name in sorted(LISTED):
            words += [name, *self.option(name)] if name in self.extra else []
        return tuple(words)

    @property
    def words(self) -> tuple[str, ...]:
        """What a person would type behind `dbt`: without the places that the console adds."""
        words = [*self.subcommand.split()]
        for option, values in (("--select", self.select), ("--exclude", self.exclude)):
            words += [option, *values] if values else []
        words += ["--full-refresh"] if self.full_refresh else []
        words += ["--store-failures"] if self.store_failures else []
        return (*words, *self.extra)


READING = frozenset({"compile", "debug", "docs generate", "source freshness", "ls", "parse"})
"""What reads the warehouse at most."""


@dataclass(frozen=True, slots=True)
class RunbookCommand:
    """One entry of the chooser."""

    title: str
    section: str
    """The runbook's: `Daily 3`."""
    purpose: str
    command: DbtCommand
    instead: str = ""
    """What the runbook says in its place, and why this is not that; empty where it is the runbook's own."""


_EXAMPLE = "fct_musician_payment"

RUNBOOK_COMMANDS = (
    RunbookCommand(
        "Test gold",
        "Daily 3",
        "Do the tests that guard gold pass?",
        DbtCommand("test", ("gold",)),
        "The same command; but where it selects no test at all, dbt ends with 0 as if all had passed. Here it is "
        "refused.",
    ),
    RunbookCommand(
        "Build everything",
        "E3 5",
        "Run every model and test it before the next one reads it.",
        DbtCommand("build"),
        "Runbook: dbt run, then dbt test. So every bad table is published before it is tested; build stops below it.",
    ),
    RunbookCommand(
        "Run everything",
        "E3 5",
        "Run every model and test none.",
        DbtCommand("run"),
        "The same command. Nothing is tested: build does both.",
    ),
    RunbookCommand(
        "Test everything", "Weekly 3", "Run every test of the project.", DbtCommand("test")
    ),
    RunbookCommand(
        "Full refresh",
        "Weekly 2",
        "Drop the tables and build them anew; SCD2 history is left out.",
        DbtCommand("run", full_refresh=True),
        "Runbook: dbt run --full-refresh. It rebuilds SCD2 tables from a source that knows only the present, and their "
        "history is lost. They are left out here unless their names are typed behind --select.",
    ),
    RunbookCommand(
        "A model and what it needs",
        "T1",
        "Build a model with everything upstream of it.",
        DbtCommand("build", (f"+{_EXAMPLE}",)),
        "Runbook: dbt run --select +failing_model, which tests nothing. Edit the name.",
    ),
    RunbookCommand(
        "A model and what needs it",
        "Appendix",
        "Build a model and everything downstream of it.",
        DbtCommand("build", (f"{_EXAMPLE}+",)),
        "Runbook: dbt run --select model_name+, which tests nothing. Edit the name.",
    ),
    RunbookCommand(
        "Pre-payroll build",
        "Pre-payroll 2",
        "Build and test what payroll is paid from: the payments and both dimensions.",
        DbtCommand("build", (f"+{_EXAMPLE}", "dim_musician", "dim_concert")),
        "Runbook: dbt run --select +fct_musician_payment. It leaves the two dimensions as they were, so that a new "
        "musician is missing from the payroll file; and it tests nothing.",
    ),
    RunbookCommand(
        "Critical tests, failing rows stored",
        "E1 2, Pre-payroll 3",
        "The tests that hold payroll, with the rows that fail them.",
        DbtCommand("test", ("tag:critical",), store_failures=True),
        "Runbook: dbt test --select fct_musician_payment --store-failures, which is every test of that table and not "
        "only those that are tagged critical.",
    ),
    RunbookCommand(
        "Only failed tests",
        "Appendix",
        "Run again the tests that failed or could not be run last time.",
        DbtCommand("test", ("result:fail", "result:error")),
        "Runbook: dbt test --select result:fail. Without --state dbt refuses it, and tests that could not be run are "
        "missed. Here it compares with the last test run, as it was kept.",
    ),
    RunbookCommand(
        "Source freshness",
        "Daily 2",
        "dbt's own look at how old the sources are.",
        DbtCommand("source freshness"),
        "Not in the runbook, whose query cannot run. A source that dbt cannot read is missing from its result.",
    ),
    RunbookCommand(
        "Generate documentation",
        "Weekly 5",
        "Write catalog and manifest into the run's own directory.",
        DbtCommand("docs generate"),
        "Runbook: dbt docs generate && dbt docs serve. The first overwrites the results of the last test run with "
        "`success` for tests that never ran, so it writes elsewhere; the second never ends.",
    ),
    RunbookCommand(
        "Compile", "T4", "Write the SQL of a model without running it.", DbtCommand("compile", (_EXAMPLE,)),
        "The same command; it too would overwrite the results of the last test run, so it writes elsewhere. "
        "Edit the name.",
    ),
    RunbookCommand(
        "Check the set-up",
        "T3",
        "Are the project, the profile and the connection in order?",
        DbtCommand("debug"),
        "Runbook: dbt run --target dev, then --target prod, to compare counts. That writes production and compares "
        "nothing.",
    ),
    RunbookCommand(
        "Install packages", "Appendix", "Fetch the packages that the project names.", DbtCommand("deps"),
        "Not in the runbook; needed where `dbt clean` has removed them.",
    ),
    RunbookCommand(
        "Clean",
        "Appendix",
        "Delete the project's target/ and whatever else it names for cleaning.",
        DbtCommand("clean"),
        "The same command; it deletes the results of commands that were started elsewhere, and pulls the ground from "
        "under one that runs. Refused while anything runs.",
    ),
)  # fmt: skip
"""The runbook's own commands in the order in which a person on call needs them, each as it should be."""
