"""Everything that can be done from where the cursor is, read from the bindings: for the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

_MOVES = ("list", "page")
"""First words of the ids of bindings that only move the cursor or the page."""


@runtime_checkable
class Refusing(Protocol):
    """A node that can say why one of its actions is not to be had just now."""

    def refusal(self, action: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Command:
    """One binding of one node, with all of its keys."""

    id: str
    keys: tuple[str, ...]
    """As they are shown, the shortest first."""
    title: str
    tooltip: str
    action: str
    node: DOMNode
    refusal: str | None
    """Why it cannot be done now; None where it can."""

    @property
    def key(self) -> str:
        """The row's key in a list."""
        return self.id

    @property
    def heading(self) -> str:
        return ""

    @property
    def moves(self) -> bool:
        """It changes nothing but what is looked at."""
        return self.id.partition(".")[0] in _MOVES


def commands(app: App[Any], screen: Screen[Any]) -> list[Command]:
    """Every command in force on `screen`: the nearest node's first; what is refused and what only moves about last."""
    found: dict[str, tuple[DOMNode, Binding, list[str]]] = {}
    for node, bindings in screen._modal_binding_chain:
        for _, binding in bindings:
            if binding.id and binding.description:
                keys = found.setdefault(binding.id, (node, binding, []))[2]
                shown = app.get_key_display(binding)
                keys += [] if shown in keys else [shown]
    listed = [_command(node, binding, keys) for node, binding, keys in found.values()]
    return sorted(listed, key=lambda command: (command.moves, command.refusal is not None))


def _command(node: DOMNode, binding: Binding, keys: list[str]) -> Command:
    refusal = node.refusal(binding.action.partition("(")[0]) if isinstance(node, Refusing) else None
    keys.sort(key=len)
    return Command(binding.id or "", tuple(keys), binding.description, binding.tooltip, binding.action, node, refusal)
