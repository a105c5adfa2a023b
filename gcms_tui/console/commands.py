"""Everything that can be done from where the cursor is, read from the bindings: for the help and the palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen


@runtime_checkable
class Refusing(Protocol):
    """A node that can say why one of its actions is not to be had just now."""

    def refusal(self, action: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Command:
    """One binding of one node, with all of its keys."""

    id: str
    keys: tuple[str, ...]
    """As they are shown."""
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


def commands(app: App[Any], screen: Screen[Any]) -> list[Command]:
    """Every command in force on `screen`, the nearest node's first."""
    found: dict[str, tuple[DOMNode, Binding, list[str]]] = {}
    for node, bindings in screen._modal_binding_chain:
        for _, binding in bindings:
            if binding.id and binding.description:
                keys = found.setdefault(binding.id, (node, binding, []))[2]
                shown = app.get_key_display(binding)
                keys += [] if shown in keys else [shown]
    return [
        Command(name, tuple(keys), binding.description, binding.tooltip, binding.action, node, _refusal(node, binding))
        for name, (node, binding, keys) in found.items()
    ]


def _refusal(node: DOMNode, binding: Binding) -> str | None:
    return node.refusal(binding.action.partition("(")[0]) if isinstance(node, Refusing) else None
