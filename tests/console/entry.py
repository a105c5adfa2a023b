"""The real console over the small platform, for a real terminal: `python -m tests.console.entry STATE_DIR [WORD ...]`.

Words: `ascii`, `slow`, `hang` (the examiner never answers), `prod`, `crash` (a bug while it draws).
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gcms_tui.console.launch import launch
from tests.console.small_platform import Examiner, services, story


def main(state: Path, words: set[str]) -> int:
    taken_at = datetime.now(UTC) - timedelta(seconds=61)
    examiner = Examiner(story(taken_at), gate=threading.Semaphore(0) if "hang" in words else None)
    prepared = services(
        state,
        examiner,
        target="prod" if "prod" in words else "sandbox",
        sandbox="prod" not in words,
        ascii="ascii" in words,
        slow_link="slow" in words,
    )
    prepared = replace(prepared, now=lambda: datetime.now(UTC))
    if "crash" in words:
        prepared = replace(prepared, last_report=_broken)
    return launch(prepared)


def _broken() -> None:
    password = "hunter2"  # must not be seen in what the console leaves behind
    raise RuntimeError(f"a bug {len(password)}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), set(sys.argv[2:])))
