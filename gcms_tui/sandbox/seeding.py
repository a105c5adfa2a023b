"""Writes the story, as of one moment, into the store of one server.

    python -m gcms_tui.sandbox.seeding warehouse NOW DIRECTORY
    python -m gcms_tui.sandbox.seeding supabase NOW          (the DSN on stdin)

In processes of their own, which write at the same time and leave the keeper small.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from gcms_tui.sandbox.story.plot import tell_story


def main(store: str, now: str, *rest: str) -> None:
    story = tell_story(datetime.fromisoformat(now))
    if store == "warehouse":
        from gcms_tui.sandbox.story.warehouse_file import write_warehouse

        write_warehouse(Path(rest[0]), story)
    else:
        from gcms_tui.sandbox.story.supabase import load_supabase

        load_supabase(sys.stdin.read(), story)


if __name__ == "__main__":
    main(*sys.argv[1:])
