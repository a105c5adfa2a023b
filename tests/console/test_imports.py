"""What the first paint must not wait for."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from gcms_tui.console.app import ConsoleApp
from tests.console.driving import until
from tests.console.small_platform import services

_PROGRAM = """
import sys
import gcms_tui.console.{module}
heavy = {{name.partition(".")[0] for name in sys.modules}} & {{
    "sqlalchemy", "snowflake", "yaml", "pandas", "numpy", "dbt", "psycopg", "sqlglot", "jinja2", "click", "duckdb",
    "pyarrow", "markdown_it", "pygments", "textual",
}}
print(" ".join(sorted(heavy)))
"""


@pytest.mark.parametrize("module, allowed", [("app", "textual"), ("launch", ""), ("services", "")])
def test_nothing_heavy_is_imported_before_the_first_paint(module: str, allowed: str) -> None:
    program = _PROGRAM.format(module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == allowed


def test_what_is_wired_before_the_first_paint_brings_no_rules_that_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "import gcms_tui.cli.wiring, gcms_tui.adapters.last_health\n"
        "later = ('hashlib', 'gcms_tui.core.run', 'gcms_tui.core.query', 'gcms_tui.core.notices')\n"
        "print(*(name for name in sys.modules if name in later or name.startswith('gcms_tui.operations')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []


def test_what_is_defined_before_the_first_paint_costs_little_to_define() -> None:
    program = (
        "import dataclasses, sys\n"
        "import gcms_tui.cli.main, gcms_tui.cli.wiring, gcms_tui.adapters.last_health\n"
        "import gcms_tui.console.app, gcms_tui.console.health, gcms_tui.console.launch\n"
        "ours = [module for name, module in sys.modules.items() if name.startswith('gcms_tui.')]\n"
        "kinds = {one for module in ours for one in vars(module).values() if isinstance(one, type)}\n"
        "dear = (one for one in kinds if dataclasses.is_dataclass(one) and one.__dataclass_params__.frozen)\n"
        "print(*sorted(one.__qualname__ for one in dear if one.__module__.startswith('gcms_tui.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == [], "core.frozen makes these"


async def test_garbage_is_looked_for_again_from_the_first_picture_on(tmp_path: Path) -> None:
    gc.disable()  # as the way into the console does
    try:
        app = ConsoleApp(services(tmp_path))
        async with app.run_test() as pilot:
            await until(pilot, gc.isenabled, "the first picture")
    finally:
        gc.enable()


def test_only_the_pane_that_is_gone_to_first_is_imported() -> None:
    program = (
        "import sys\n"
        "import gcms_tui.console.app\n"
        "print(*sorted(name for name in sys.modules if name.startswith('gcms_tui.') and 'run' in name))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []


_GONE_TO = (
    *("runs", "chooser", "run_preview", "failing", "trend", "run_cancel", "reveal"),
    *("scd2.tables", "scd2.groups", "scd2.key"),
    *("journal.pane", "writing.plan_dialog", "writing.batch_dialog"),
    *("payroll.pane", "payroll.wizard", "payroll.open_dialog"),
    *("runbook.pane", "runbook.procedure", "runbook.incidents", "runbook.incident_dialogs", "runbook.contacts"),
    *("runbook.pipeline", "runbook.backups", "runbook.useful"),
    *("wall", "wall_replay", "wall_app"),
)


def test_going_to_another_pane_imports_nothing_heavy() -> None:
    """They are imported on the loop: whoever presses the key waits for it."""
    program = "".join(_PROGRAM.format(module=module) for module in _GONE_TO)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    heavy = dict(zip(_GONE_TO, done.stdout.splitlines(), strict=True))
    assert heavy == dict.fromkeys(_GONE_TO, "textual")


def test_a_slow_link_is_settled_before_textual_is_imported() -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.console.small_platform import services\n"
        "from gcms_tui.console.launch import launch\n"
        "assert launch(services(Path('unused'), slow_link=True)) == 64\n"
        "from textual import constants\n"
        "print(constants.TEXTUAL_ANIMATIONS, constants.MAX_FPS, constants.SMOOTH_SCROLL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["none", "10", "False"]
    assert "needs a terminal" in done.stderr and "Traceback" not in done.stderr
