"""Leaving a real terminal in the middle of a write: it comes to its end, and its outcome is known."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.console.at_terminal import typing_at
from tests.terminal import Terminal

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV")


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM], ids=["the line drops", "it is ended"])
def test_a_write_is_never_broken_off(tmp_path: Path, how: signal.Signals) -> None:
    argv = [sys.executable, "-m", "tests.console.writing_entry", str(tmp_path)]
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with Terminal(argv, env={"TERM": "xterm-256color", **env}) as terminal:
        terminal.wait_for("type  27-14-311", "[ Cancel ]")
        time.sleep(0.6)  # until keys count
        terminal.send("\t")
        terminal.wait_for("  Cancel  ")
        terminal.send("27-14-311")
        terminal.wait_for("say why, in the second line")
        terminal.send("\r")
        typing_at(terminal, "why it is done")
        terminal.send("late webhook")
        terminal.wait_for("Tab to the answer")
        terminal.send("\r")
        terminal.wait_for("[ Write ]")
        time.sleep(0.6)
        terminal.send("\r")
        terminal.wait_for("backing up to")
        if how is signal.SIGHUP:
            terminal.drop()
        else:
            terminal.process.send_signal(how)
            terminal.wait_for("It is not broken off")
        time.sleep(0.6)  # three times as long as leaving may take where nothing is written
        assert terminal.process.poll() is None, "the process waits for the write"
        (tmp_path / "go").touch()
        assert terminal.process.wait(20) == 128 + how
    said = (tmp_path / "kinds").read_text().splitlines()
    assert said == ["write.intent ", "write.intent ", "write.outcome applied", "write.outcome applied"]
