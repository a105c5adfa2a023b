"""Words that were written elsewhere: all of them arrive, or it is said that they do not."""

from __future__ import annotations

from pathlib import Path

from textual import events

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.scd2.note import NoteDialog
from tests.console.driving import until
from tests.console.small_platform import services

SAID = "first line\n  SECOND: do not pay\r\n\n third "


async def test_lines_become_one_and_what_is_too_long_is_refused_in_words(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test() as pilot:
        dialog = NoteDialog(app.look, "Why", (), placeholder="why")
        await pilot.pause()
        app.push_screen(dialog)
        await pilot.pause()
        line = dialog.note
        line.focus()
        app.post_message(events.Paste(SAID))
        await until(pilot, lambda: line.value == "first line SECOND: do not pay third", "all of it")
        app.copy_to_clipboard("x\ny")
        line.action_paste()
        assert line.value.endswith("thirdx y")
        line.max_length = 40
        app.post_message(events.Paste("z" * 5_000))
        said = "Not pasted: it has 5,000 characters, and 2 fit here."
        await until(pilot, lambda: any(said == one.message for one in app._notifications), "why not")
        assert "z" not in line.value
        app.post_message(events.Paste("zz"))
        await until(pilot, lambda: line.value.endswith("zz"), "what fits")
        app.post_message(events.Paste("\n"))
        await pilot.pause()
        assert len(line.value) == 40
