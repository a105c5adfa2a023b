"""The bar at the bottom: the keys that do something here. Help and quit never fall off it."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part, fit_parts

_LAST = ("help", "quit")
"""Binding ids that are shown at the end and dropped last."""


class KeyBar(Widget):
    """Generated from the bindings in force."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._told: list[tuple[Binding, bool]] = []
        """The keys that were last drawn, and whether they do something just now."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and not self._tell():
            self.call_after_refresh(self._tell)  # what the keys go by may become known before the next picture

    def _tell(self) -> bool:
        """Draw them anew where others are in force than were drawn."""
        changed = self.is_attached and self._told != self._shown()
        if changed:
            self.refresh()
        return changed

    def _shown(self) -> list[tuple[Binding, bool]]:
        shown: dict[str, tuple[Binding, bool]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.id:
                known = shown.get(binding.id)
                if known is None or len(binding.key) < len(known[0].key):  # of several keys, the one told soonest
                    shown[binding.id] = (binding, active.enabled)
        ordered = [name for name in shown if name not in _LAST] + [name for name in _LAST if name in shown]
        return [shown[name] for name in ordered]

    def render(self) -> Text:
        self._told = self._shown()
        parts = [
            Part((self._wording(binding, enabled),), 0 if binding.id in _LAST else 1 + place)
            for place, (binding, enabled) in enumerate(self._told)
        ]
        return Text(" ").append_text(fit_parts(parts, self.size.width - 1, Text("  ")))

    def _wording(self, binding: Binding, enabled: bool) -> Text:
        palette = self._look.palette
        strong, soft = (f"bold {palette.accent}", palette.muted) if enabled else (palette.faint, palette.faint)
        text = Text.assemble((self.app.get_key_display(binding), strong), " ", (binding.description, soft))
        if not enabled and self.app.no_color:  # where grey cannot be told from the rest
            text = Text.assemble(("(", soft), text, (")", soft))
        text.stylize(Style(meta={"key": binding.key}))
        return text

    def on_click(self, event: events.Click) -> None:
        key = event.style.meta.get("key")
        if isinstance(key, str):
            self.app.simulate_key(key)
