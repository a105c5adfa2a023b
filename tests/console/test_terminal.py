"""The console as a process in a real pseudo-terminal: signals, dropped lines, small and plain terminals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gcms_tui.console.terminal import screen_of_its_own
from tests.terminal import Terminal

Open = Callable[..., Terminal]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV")


@pytest.fixture
def run(tmp_path: Path) -> Open:
    """Opens the console over the small platform in a terminal of its own."""

    def opened(*words: str, columns: int = 80, rows: int = 24, **env: str) -> Terminal:
        argv = [sys.executable, "-m", "tests.console.entry", str(tmp_path / "state"), *words]
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return Terminal(argv, columns=columns, rows=rows, env={"TERM": "xterm-256color", **kept, **env})

    return opened


@pytest.mark.parametrize("forgotten, status", [(True, 129), (False, 120)])
def test_what_is_still_buffered_for_a_terminal_that_has_gone_changes_no_exit_status(
    forgotten: bool, status: int
) -> None:
    nobody_reads, theirs = os.pipe()
    os.close(nobody_reads)
    script = "import sys; from gcms_tui.console.terminal import forget_terminal; sys.stdout.write('late'); "
    script += "forget_terminal(); " if forgotten else ""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    ended = subprocess.run([sys.executable, "-c", f"{script}sys.exit(129)"], stdout=theirs, env=buffered)
    os.close(theirs)
    assert ended.returncode == status


def test_a_dropped_line_ends_the_console_at_once(run: Open) -> None:
    """Even while a query hangs."""
    with run("hang") as terminal:
        terminal.wait_for("waiting")
        terminal.drop()
        assert terminal.process.wait(60) == 128 + signal.SIGHUP


def test_a_hangup_that_was_ignored_by_the_parent_still_counts(run: Open) -> None:
    inherited = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        terminal = run()
    finally:
        signal.signal(signal.SIGHUP, inherited)
    with terminal:
        terminal.wait_for("checked")
        terminal.drop()
        assert terminal.process.wait(60) == 128 + signal.SIGHUP


def test_a_line_that_stalls_before_it_drops_ends_the_console_all_the_same(run: Open) -> None:
    """As an SSH connection dies: first nobody reads what is drawn any more, and only then comes the hangup."""
    with run(columns=200, rows=50) as terminal:
        terminal.wait_for("checked")
        deadline, still, before = time.monotonic() + 60, 0, -1
        while still < 3:  # the loop waits in a full write queue, and keys make it do nothing any more
            assert time.monotonic() < deadline, "the console goes on drawing"
            terminal.send("21")
            time.sleep(0.1)
            spent = ticks(terminal.process.pid)
            still, before = still + 1 if asleep(terminal.process.pid) and spent == before else 0, spent
        terminal.drop()
        assert terminal.process.wait(60) == 128 + signal.SIGHUP


def ticks(pid: int) -> int:
    """Processor time that the main thread has used."""
    used = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(used[11]) + int(used[12])


def asleep(pid: int) -> bool:
    """No thread of it would go on if only it got the processor."""
    states = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it may end meanwhile
            states.append((task / "stat").read_text().rpartition(")")[2].split()[0])
    return "R" not in states


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGTERM, ()), (signal.SIGINT, ("hang",))],
    ids=["at rest", "while a query hangs"],
)
def test_a_signal_ends_the_console_and_leaves_the_terminal_as_it_was(
    run: Open, number: signal.Signals, words: tuple[str, ...]
) -> None:
    with run(*words) as terminal:
        terminal.wait_for("waiting" if words else "checked")
        terminal.process.send_signal(number)
        assert terminal.wait_gone() == 128 + number
        while terminal.pump(0.2):
            pass
        assert not terminal.screen.cursor.hidden


@pytest.mark.parametrize("words", [(), ("hang",)], ids=["at rest", "while a query hangs"])
def test_quitting_never_waits_for_a_query(run: Open, words: tuple[str, ...]) -> None:
    with run(*words) as terminal:
        terminal.wait_for("waiting" if words else "checked")
        terminal.send("q")
        assert terminal.wait_gone() == 0


def test_a_terminal_of_20_by_5_and_a_resize(run: Open) -> None:
    """The terminal's own size counts, whatever a shell has exported."""
    with run(columns=20, rows=5, COLUMNS="80", LINES="24") as terminal:
        terminal.wait_for("SANDBOX", "FAIL", "q Quit")
        terminal.resize(100, 44)
        terminal.wait_for("READ-ONLY", "What to do", "Commands")
        terminal.resize(20, 5)
        terminal.send("j")
        terminal.wait_for("q Quit")
        terminal.send("q")
        assert terminal.wait_gone() == 0


def test_no_colour_is_sent_where_none_is_wanted(run: Open, tmp_path: Path) -> None:
    with run("prod", NO_COLOR="1", COLORTERM="truecolor") as terminal, _recording(terminal) as sent:
        terminal.wait_for("PROD", "READ-ONLY", "FAIL", "checked")
        colours = set(re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", bytes(sent)))
        assert colours and all(red == green == blue for red, green, blue in colours)


@pytest.mark.parametrize("term, allowed", [("xterm-256color", rb"[34]8;5;\d+|0|1"), ("xterm", rb"\d{1,3}")])
def test_256_and_16_colours(run: Open, term: str, allowed: bytes) -> None:
    with run(TERM=term) as terminal, _recording(terminal) as sent:
        terminal.wait_for("SANDBOX", "FAIL", "checked")
        assert b"8;2;" not in sent, "no true colour"
        styles = set(re.findall(rb"\x1b\[([0-9;]+)m", bytes(sent)))
        assert styles
        if term == "xterm":
            assert not any(b"8;5;" in style for style in styles)


def test_ascii_sends_nothing_else_and_copies_by_the_clipboard_sequence(run: Open) -> None:
    with run("ascii", columns=120, rows=44) as terminal, _recording(terminal) as sent:
        terminal.wait_for("FAIL", "checked")
        for key, title in (("?", "Verdicts"), ("p", "Provenance"), (":", "Suspend")):
            terminal.send(key)
            terminal.wait_for(title)
            terminal.send("\x1b")
            wait_without(terminal, title)
        terminal.send("c")
        terminal.wait_for("clipboard")
        assert b"\x1b]52;c;" in sent
        assert bytes(sent).isascii()


def test_a_bug_is_told_in_two_lines_and_kept_without_values(run: Open, tmp_path: Path) -> None:
    with run("crash") as terminal:
        assert terminal.wait_gone(60) == 70
        while terminal.pump(0.2):
            pass
        screen = terminal.text()
        assert "stopped on a bug" in screen and "crash.txt" in screen
        assert "Traceback" not in screen and "hunter2" not in screen
    kept = tmp_path / "state" / "crash.txt"
    assert kept.stat().st_mode & 0o077 == 0
    assert "RuntimeError" in kept.read_text() and "hunter2" not in kept.read_text()


def test_what_others_say_is_kept_from_the_very_first_start_on(tmp_path: Path) -> None:
    log = tmp_path / "state" / "copies" / "stderr.log"
    with screen_of_its_own(log):
        os.write(2, b"words of a library\n")
    assert log.read_text() == "words of a library\n"
    assert log.stat().st_mode & 0o077 == 0


def wait_without(terminal: Terminal, text: str, timeout: float = 30.0) -> None:
    """Wait until `text` no longer stands on the screen."""
    deadline = time.monotonic() + timeout
    while text in terminal.text():
        assert time.monotonic() < deadline, f"{text} still on the screen:\n{terminal.text()}"
        terminal.pump(0.1)


class _recording:
    """Keeps the bytes that a terminal receives."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._sent = bytearray()

    def __enter__(self) -> bytearray:
        feed = self._terminal._stream.feed

        def keep(data: bytes) -> None:
            self._sent.extend(data)
            feed(data)

        self._terminal._stream.feed = keep  # type: ignore[method-assign]
        return self._sent

    def __exit__(self, *_: object) -> None:
        del self._terminal._stream.feed
