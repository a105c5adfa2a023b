"""A line for what a person says in their own words, which may have been written elsewhere."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class ProseLine(Input):
    """Of what is pasted nothing is lost unseen: lines become one, and what is too long is refused in words."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self._take(event.text)

    def action_paste(self) -> None:
        self._take(self.app.clipboard)

    def _take(self, pasted: str) -> None:
        text = " ".join(line.strip() for line in pasted.splitlines() if line.strip())
        start, end = sorted(self.selection)
        room = None if self.max_length is None else self.max_length - len(self.value) + (end - start)
        if room is None or len(text) <= room:
            self.replace(text, start, end)
            return
        said = f"Not pasted: it has {len(text):,} characters, and {max(room, 0):,} fit here."
        self.app.notify(said, severity="warning", markup=False)
