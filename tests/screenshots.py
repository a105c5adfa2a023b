"""`make screenshots`: drives the real console over the practice platform and keeps what it shows in screenshots/.

`make screenshots ARGS='live log'` takes only these.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import resvg_py

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import console_services, load_settings
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.services import ConsoleServices
from gcms_tui.sandbox.lifecycle import practice_platform
from tests.commands import TABLE, WHY
from tests.console.driving import drawn, settled, until
from tests.payroll_walk import HELD, TODAY, TRIO, Walk
from tests.practice import RunningPlatform

ROOT = Path(__file__).parents[1]
DIRECTORY, README = ROOT / "screenshots", ROOT / "README.md"
GCMS_TUI = str(Path(sys.executable).with_name("gcms-tui"))
SIZES = ((80, 24), (140, 40))
FONT = "DejaVu Sans Mono"


@dataclass(frozen=True, slots=True)
class Step:
    """Keys, and what has to be read on the screen before it goes on: a regular expression."""

    keys: tuple[str, ...]
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what is done once the whole check is in."""

    name: str
    steps: tuple[Step, ...] = ()
    broken: bool = False
    """With a statement of the operator's own that is refused, so that there is an error to show."""
    dbt: tuple[str, ...] = ()
    """What dbt is doing meanwhile."""
    after: str = ""
    """What has been done by then: one of `STAGES`, and those before it."""


_RUNS = Step(("2",), "test --select gold")
_TABLES = Step(("3",), "3 tables(?s:.*)none duplicate")
_KEYS = Step(("enter",), "3 current")
_CONCERTS = Step(("4",), f"read just now(?s:.*)  {HELD}  ")
_PAYROLL = (_CONCERTS, Step(("down",), f"▌\\S+  {HELD}  "), Step(("enter",), "of 9 passed"))
_AS_MANAGER = (Step(("a",), "maria"), Step(("end", "enter"), "AS maria(?s:.*)read just now"))
_RUNBOOK = Step(("5",), "read just now")
_WEEKLY = Step(("slash", *"weekly", "enter", "enter"), "Run full refresh")
SHOTS = (
    Shot("health"),
    Shot("finding", (Step(("down", "down", "enter")),)),
    Shot("provenance", (Step(("down", "p")),)),
    Shot("help", (Step(("question_mark",)),)),
    Shot("palette", (Step(("colon",)),)),
    Shot("error", (Step(("r",)),), broken=True),
    Shot("runs", (_RUNS,)),
    Shot("start", (_RUNS, Step(("s",), "Pre-payroll build"))),
    Shot("preview", (_RUNS, Step(("s",), "Pre-payroll build"), Step(("enter",), "Tab, then Enter"))),
    Shot("failing", (_RUNS, Step(("f",), "attended_services"), Step(("enter",), "33-23"))),
    Shot("log", (_RUNS, Step(("L",), "FOLLOWING"), Step(("slash", *"fail \\d+", "enter"), "1 of "))),
    Shot("live", (Step(("2",), "running"), Step(("enter",), r"[34]\d of 62")), dbt=("build",)),
    Shot("timeline", (Step(("2",), "running"), Step(("enter", "t"), r"[45]\d of 62")), dbt=("build",)),
    Shot("trend", (Step(("2",), "foreign run"), Step(("T",), "br_musician_scd2"))),
    Shot("tables", (_TABLES,)),
    Shot("groups", (_TABLES, _KEYS)),
    Shot("versions", (_TABLES, _KEYS, Step(("down", "down", "enter"), "3 current of 3"))),
    Shot("plan", (_TABLES, _KEYS, Step(("down", "down", "enter"), "3 current of 3"), Step(("a",), "to confirm"))),
    Shot("refusal", (_TABLES, _KEYS, Step(("enter",), "2 current of"), Step(("a",), "full tie"))),
    Shot("cause", (_TABLES, _KEYS, Step(("down", "enter"), "2 current of"), Step(("w",), "not known|overlapped"))),
    Shot("journal", (Step(("6",), "write.outcome"),), after="repaired one"),
    Shot("concerts", (_CONCERTS,)),
    Shot("payroll_stopped", (*_PAYROLL, Step((), "did not pass")), after="stopped"),
    Shot("spot_check", (*_PAYROLL, Step(("enter",), "open query(?s:.*)▌· to look")), after="asked"),
    Shot("payroll", (*_PAYROLL, Step((), "Signatures  2")), after="signed by two"),
    Shot("sign", (*_PAYROLL, *_AS_MANAGER, Step(("enter",), "you sign +maria(?s:.*)type  33")), after="signed by two"),
    Shot(
        "record",
        (*_PAYROLL, Step(("enter",), "YYYY"), Step((*TODAY, "enter"), "Plan it \\]"), Step(("enter",), "type  33")),
        after="released",
    ),
    Shot("payroll_closed", (*_PAYROLL, Step(("v",), "Proof of(?s:.*)totals")), after="closed"),
    Shot("runbook", (_RUNBOOK,), after="runbook begun"),
    Shot("procedure", (_RUNBOOK, _WEEKLY), after="runbook begun"),
    Shot("incident", (_RUNBOOK, Step(("i",), "inc-"), Step(("enter",), "Escalation")), after="runbook begun"),
    Shot("pipeline", (_RUNBOOK, Step(("s",), "supabase_instrument")), after="runbook begun"),
    Shot("backups", (_RUNBOOK, Step(("b",), "1 set(?s:.*)1,572 rows")), after="runbook begun"),
    Shot("wall", (Step(("W",), "next|overdue"),), after="runbook begun"),
)
_REFUSED = """/*
name: source_freshness
purpose: An override that says it reads, and does not.
section: Daily 2
access: read
*/
DELETE FROM RAW.SUPABASE_ATTENDANCE
"""


async def _take(shot: Shot, size: tuple[int, int], services: ConsoleServices) -> None:
    app = ConsoleApp(services)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for step in shot.steps:
            await until(pilot, lambda: getattr(app.screen, "armed", True), "keys that count")
            await pilot.press(*step.keys)
            await until(pilot, lambda seen=step.seen: re.search(seen, drawn(app)), step.seen, deadline_s=60)  # type: ignore[misc]
        await until(pilot, lambda: not shot.broken or isinstance(app.screen, ErrorDialog), "the error")
        _keep(app.export_screenshot(title="gcms-tui"), f"{shot.name}-{size[0]}x{size[1]}")


def _dbt(config: Path, *words: str, detach: bool = False) -> None:
    """A run of dbt's; its tests may fail, that is what there is to show."""
    options = ("--yes", *(("--detach",) if detach else ()))
    subprocess.run([GCMS_TUI, "--config", config, "runs", "start", *options, "--", *words], capture_output=True)


def _to_one_repaired(walk: Walk) -> None:
    """The key that needs no choice."""
    [listed] = walk.commands.does("scd2", "list", "--table", TABLE)["tables"]
    key = next(group["natural_key"] for group in listed["groups"] if group["current_count"] == 3)
    plan = walk.commands.does("scd2", "plan", "--table", TABLE, "--key", key)["plan"]
    walk.commands.does("scd2", "apply", plan, "--confirm", key, *WHY)


def _to_stopped(walk: Walk) -> None:
    run = walk.does("open", HELD)["run"]
    for step in ("freshness", "models", "tests"):
        walk.told("step", run, step)  # the tests fail


def _to_asked(walk: Walk) -> None:
    """Repaired, built, tested, the hold lifted; half of the rows are looked at, and one is asked about."""
    run = walk.run_of(HELD)
    walk.commands.repaired()
    for step in ("models", "tests"):
        walk.does("step", run, step)
    for hold in {held["hold"] for held in walk.does("list")["holds"] if held["hold"]}:
        walk.does("lift", hold, *WHY, by="frank")
    rows = [row["row"] for row in walk.does("spot-check", run, by="frank")["rows"]]
    seen = [word for row in rows[: len(rows) // 2] for word in ("--row", row)]
    walk.does("spot-check", run, *seen, "--ok", by="frank")
    walk.does("spot-check", run, "--row", rows[len(rows) // 2], "--query", "half as much again: why?", by="frank")


def _to_signed_by_two(walk: Walk) -> None:
    run = walk.run_of(HELD)
    rows = walk.does("spot-check", run, by="frank")["rows"]
    said = {True: ("--answer", "the rehearsals of that week"), False: ("--ok",)}
    for row in rows:
        if row["tick"] not in ("ok", "answered"):
            walk.does("spot-check", run, "--row", row["row"], *said[row["tick"] == "query"], by="frank")
    walk.does("export", run)
    for role in ("engineer", "finance"):
        walk.does("sign", run, "--role", role, by=TRIO[role])


def _to_released(walk: Walk) -> None:
    walk.does("sign", walk.run_of(HELD), "--role", "manager", by=TRIO["manager"])


def _to_closed(walk: Walk) -> None:
    walk.paid(walk.run_of(HELD), HELD)


def _to_runbook_begun(walk: Walk) -> None:
    """The weekly refresh under way behind its backup, and an incident of the stale source that nobody has taken."""
    commands = walk.commands
    commands.told("health")
    commands.does("incident", "open", "--finding", "freshness.supabase_instrument")
    run = commands.does("runbook", "start", "weekly")["run"]
    tables = commands.does("backup", "create")["confirmation"]
    commands.told("runbook", "step", run, "backup", "--confirm", tables, *WHY)
    commands.told("runbook", "step", run, "counts-before")


STAGES: Mapping[str, tuple[str, Callable[[Walk], None]]] = {
    "repaired one": ("", _to_one_repaired),
    "stopped": ("", _to_stopped),
    "asked": ("stopped", _to_asked),
    "signed by two": ("asked", _to_signed_by_two),
    "released": ("signed by two", _to_released),
    "closed": ("released", _to_closed),
    "runbook begun": ("", _to_runbook_begun),
}
"""Each with the one that it goes on from."""


def _walk(walk: Walk, done: set[str], stage: str) -> None:
    """On from where the shots before have left it."""
    if stage and stage not in done:
        before, take = STAGES[stage]
        _walk(walk, done, before)
        take(walk)
        done.add(stage)


def _dbt_is_done(config: Path) -> None:
    subprocess.run([GCMS_TUI, "--config", config, "runs", "attach", "last"], capture_output=True)


def _keep(svg: str, name: str) -> None:
    (DIRECTORY / f"{name}.svg").write_text(svg, encoding="utf-8")
    if f"screenshots/{name}.png" in README.read_text(encoding="utf-8"):
        png = resvg_py.svg_to_bytes(svg_string=svg, font_family=FONT, monospace_family=FONT)
        (DIRECTORY / f"{name}.png").write_bytes(bytes(png))


def main(wanted: list[str]) -> None:
    DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gcms-") as scratch:
        overrides = Path(scratch) / "queries"
        overrides.mkdir()
        (overrides / "source_freshness.sql").write_text(_REFUSED, encoding="utf-8")
        with practice_platform(Path(scratch) / "demo", report=_tell) as platform:
            walk, walked = Walk(RunningPlatform.of(platform)), set[str]()
            invocation = Invocation(config=platform.config)
            settings = load_settings(invocation).settings
            _dbt(platform.config, "test", "--select", "gold")
            for shot in (shot for shot in SHOTS if not wanted or shot.name in wanted):
                _walk(walk, walked, shot.after)
                for size in SIZES:
                    if shot.dbt:
                        _dbt(platform.config, *shot.dbt, detach=True)
                    with ExitStack() as opened:
                        used = replace(settings, queries_dir=overrides) if shot.broken else settings
                        asyncio.run(_take(shot, size, console_services(invocation, used, opened)))
                    if shot.dbt:
                        _dbt_is_done(platform.config)
                _tell(shot.name)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
