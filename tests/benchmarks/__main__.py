"""`make bench`: our figures, each beside its reference from the same run. They inform; they decide no test.

`make bench ARGS='dbt logs'` takes only these groups of them.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import load_settings, open_health
from gcms_tui.operations.health import Health
from gcms_tui.sandbox.lifecycle import Platform, practice_platform
from tests.benchmarks import logs
from tests.benchmarks.dbt_start import dbt_start
from tests.benchmarks.manifest import events, manifest
from tests.benchmarks.measure import Row, in_turn, print_report, process_seconds, seconds_to_text
from tests.benchmarks.payroll import payroll
from tests.benchmarks.scd2 import scd2
from tests.benchmarks.slow_link import PlayedBack, SlowLink
from tests.benchmarks.wall import wall
from tests.terminal import Terminal

RUNS = 11
DELAY_S = 0.2
GCMS_TUI = str(Path(sys.executable).with_name("gcms-tui"))


def start(platform: Platform) -> Row:
    """To the first useful paint: the last known health is on the screen."""
    env = {**os.environ, "TERM": "xterm-256color"}
    ours, bare = in_turn(
        RUNS,
        lambda: seconds_to_text([GCMS_TUI, "--config", str(platform.config)], "supabase_instrument", env),
        lambda: seconds_to_text([sys.executable, "-m", "tests.benchmarks.bare"], "bare and ready", env),
    )
    return Row.of_pair("start to first useful paint", ours, bare, "bare Textual", 1.25)


def command_line(option: str) -> Row:
    ours, click = in_turn(
        RUNS,
        lambda: process_seconds([GCMS_TUI, option]),
        lambda: process_seconds([sys.executable, "-c", "import click"]),
    )
    return Row.of_pair(f"gcms-tui {option}", ours, click, "import click", 1.5)


def stalls(platform: Platform) -> Row:
    """The longest time the loop was away while the console connected and the whole check came in."""
    longest = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as directory:
            result = Path(directory) / "stalls.json"
            argv = [sys.executable, "-m", "tests.benchmarks.heartbeat", str(result), "--config", str(platform.config)]
            with Terminal(argv, columns=140, rows=40) as terminal:
                terminal.wait_for("│ connected", timeout=60)
                _settle(terminal)
                terminal.send("q")
                terminal.wait_gone()
            longest.append(json.loads(result.read_text(encoding="utf-8"))[0])
    worst_ms = max(longest) * 1000
    verdict = "ok" if worst_ms <= 100 else "OVER"
    return Row("longest stall of the loop, connecting", f"{worst_ms:.0f} ms", "", "", f"<= 100 ms {verdict}")


def key_to_paint(platform: Platform) -> Row:
    with Terminal([GCMS_TUI, "--config", str(platform.config)], columns=140, rows=40) as terminal:
        terminal.wait_for("│ connected", timeout=60)
        _settle(terminal)
        times = []
        for key in ["j", "k"] * 15:
            began = time.monotonic()
            terminal.send(key)
            assert terminal.master is not None
            select.select([terminal.master], [], [], 5)
            times.append(time.monotonic() - began)
            _settle(terminal)
    typical_ms = median(times) * 1000
    verdict = "ok" if typical_ms <= 50 else "OVER"
    return Row("key to paint, typical", f"{typical_ms:.0f} ms", "", "", f"<= 50 ms {verdict}")


def morning_check(platform: Platform) -> list[Row]:
    """The whole check beside the slowest single one, each statement taking 200 ms.

    First with the warehouse's answers played back, so that only our own work and waiting counts; then over a slow link
    to the warehouse itself, which computes on the same two cores.
    """
    settings = load_settings(Invocation(config=platform.config)).settings
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        with open_health(replace(settings, state_dir=scratch / "state")) as health:
            played_back = PlayedBack(health._warehouse, DELAY_S)
            health._warehouse = played_back
            health.examine()
            ours = _whole_and_slowest(health, "200 ms a statement")
        with SlowLink(platform.port, DELAY_S) as link:
            assert settings.dbt.profiles_dir is not None
            text = (settings.dbt.profiles_dir / "profiles.yml").read_text(encoding="utf-8")
            (scratch / "profiles.yml").write_text(text.replace(str(platform.port), str(link.port)), encoding="utf-8")
            slow = replace(settings, dbt=replace(settings.dbt, profiles_dir=scratch), state_dir=scratch / "slow")
            with open_health(slow) as health:
                first = _seconds(health.examine)
                wire = _whole_and_slowest(health, "over a slow link")
    return [
        ours,
        replace(wire, what="  over a slow link, sandbox computing", budget=""),
        Row("  the same, logging in first", f"{first:.3f} s", "", "", ""),
    ]


def _whole_and_slowest(health: Health, what: str) -> Row:
    names = [name for name in health.names() if not name.startswith("metric.")]
    whole, slowest = [], []
    for _ in range(RUNS):
        whole.append(_seconds(health.examine))
        slowest.append(max(_seconds(partial(health.examine, (name,))) for name in names))
    return Row.of_pair(f"morning check, {what}", whole, slowest, "slowest check", 1.5)


def _seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def _settle(terminal: Terminal) -> None:
    """Until the screen has been quiet for a moment."""
    while terminal.pump(0.3):
        pass


GROUPS: dict[str, Callable[[Platform], list[Row]]] = {
    "console": lambda platform: [
        start(platform),
        command_line("--version"),
        command_line("--help"),
        stalls(platform),
        key_to_paint(platform),
    ],
    "checks": morning_check,
    "dbt": dbt_start,
    "artifacts": lambda platform: [manifest(platform.dbt_project / "target" / "manifest.json"), events()],
    "logs": lambda platform: logs.rows(),
    "scd2": scd2,
    "payroll": payroll,
    "wall": wall,
}


def main(wanted: list[str]) -> None:
    if unknown := set(wanted) - GROUPS.keys():
        sys.exit(f"No such group: {', '.join(sorted(unknown))}. There are: {', '.join(GROUPS)}.")
    directory = Path(tempfile.mkdtemp(prefix="gcms-bench-"))
    try:
        with practice_platform(directory / "demo", report=lambda text: print(text, file=sys.stderr)) as platform:
            with open_health(load_settings(Invocation(config=platform.config)).settings) as health:
                health.examine()
            print_report([row for name in wanted or GROUPS for row in GROUPS[name](platform)])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
