"""The same terminal for every test, whatever the developer's own is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import constants
from textual.scrollbar import ScrollBar, ScrollBarRender


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
    for name in ("NO_COLOR", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    yield
    ScrollBar.renderer = ScrollBarRender


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"
