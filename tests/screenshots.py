"""`make screenshots`: drives the real console over the practice platform and keeps what it shows in screenshots/."""

from __future__ import annotations

import asyncio
import sys
import tempfile
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
from tests.console.driving import settled, until

ROOT = Path(__file__).parents[1]
DIRECTORY, README = ROOT / "screenshots", ROOT / "README.md"
SIZES = ((80, 24), (140, 40))
FONT = "DejaVu Sans Mono"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what is pressed once the whole check is in."""

    name: str
    keys: tuple[str, ...] = ()
    broken: bool = False
    """With a statement of the operator's own that is refused, so that there is an error to show."""


SHOTS = (
    Shot("health"),
    Shot("finding", ("down", "down", "enter")),
    Shot("provenance", ("down", "p")),
    Shot("help", ("question_mark",)),
    Shot("palette", ("colon",)),
    Shot("error", ("r",), broken=True),
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
        for key in shot.keys:
            await pilot.press(key)
        await until(pilot, lambda: not shot.broken or isinstance(app.screen, ErrorDialog), "the error")
        _keep(app.export_screenshot(title="gcms-tui"), f"{shot.name}-{size[0]}x{size[1]}")


def _keep(svg: str, name: str) -> None:
    (DIRECTORY / f"{name}.svg").write_text(svg, encoding="utf-8")
    if f"screenshots/{name}.png" in README.read_text(encoding="utf-8"):
        png = resvg_py.svg_to_bytes(svg_string=svg, font_family=FONT, monospace_family=FONT)
        (DIRECTORY / f"{name}.png").write_bytes(bytes(png))


def main() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gcms-") as scratch:
        overrides = Path(scratch) / "queries"
        overrides.mkdir()
        (overrides / "source_freshness.sql").write_text(_REFUSED, encoding="utf-8")
        with practice_platform(Path(scratch) / "demo", report=_tell) as platform:
            invocation = Invocation(config=platform.config)
            settings = load_settings(invocation).settings
            for shot in SHOTS:
                for size in SIZES:
                    with ExitStack() as opened:
                        used = replace(settings, queries_dir=overrides) if shot.broken else settings
                        asyncio.run(_take(shot, size, console_services(invocation, used, opened)))
                _tell(shot.name)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
