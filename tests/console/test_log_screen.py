"""The log screen over real files: what is shown, followed, filtered, searched, copied and saved."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.message_pump import MessagePump
from textual.pilot import Pilot

from gcms_tui.adapters.log_file import LogFile
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.log import LogScreen
from gcms_tui.console.log_app import LogConsole
from gcms_tui.console.log_drawing import _folded
from gcms_tui.console.log_source import LogSource
from gcms_tui.console.log_window import LogWindow
from gcms_tui.console.log_words import filter_text
from gcms_tui.console.widgets.search_line import SearchLine
from gcms_tui.core.log_line import Level
from gcms_tui.core.log_pattern import Pattern
from gcms_tui.core.log_view import LogFilter, LogPage, RawLine
from tests.adapters.test_log_file import IDS, append, entry, header
from tests.console.driving import drawn, shows, until
from tests.console.small_platform import services
from tests.console.test_hostile_text import HOSTILE
from tests.terminal import Terminal

SIZE = (80, 24)


def run_of(invocation: str, number: int = 30) -> list[bytes]:
    """What an invocation leaves in dbt.log, with one error in its middle."""
    lines = [b"", b"", header(invocation)]
    for place in range(number):
        thread = f"Thread-{place % 2 + 1} ("
        lines += [entry("debug", f"On model.m{place}: /* */", thread), b"select", b"\t1"]
        lines.append(entry("info", f"{place + 1} of {number} OK created [\x1b[32mSUCCESS\x1b[0m in 0.1s]", thread))
        if place == number // 2:
            lines += [entry("error", "Database Error in model m", thread), b"  no such table"]
    return lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "dbt.log"
    path.write_bytes(b"\n".join([*run_of(IDS[0]), *run_of(IDS[1])]) + b"\n")
    return path


@asynccontextmanager
async def on_log(
    state: Path, path: Path, size: tuple[int, int] = SIZE, **options: Any
) -> AsyncIterator[tuple[Pilot[Any], LogScreen]]:
    """The log screen alone, once the whole file is counted."""
    app = LogConsole(path, services(state, **options))
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = app.screen
        assert isinstance(screen, LogScreen)
        await until(pilot, lambda: screen.state.lines.done or not path.exists(), "the count")
        await until(pilot, lambda: not screen.window.lines or screen.window.first is not None, "numbered lines")
        yield pilot, screen


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def saved_in(state: Path) -> list[Path]:
    return list(state.glob("dbt-*.log"))


def line(screen: LogScreen) -> bytes:
    """The line under the cursor."""
    assert screen.window.current is not None
    return screen.window.current.head


async def search(pilot: Pilot[Any], text: str) -> None:
    await pilot.press("slash")
    await until(pilot, lambda: pilot.app.screen.query(SearchLine), "the search line")
    pilot.app.screen.query_one(SearchLine).value = text
    await pilot.press("enter")


async def test_it_opens_at_the_end_and_follows(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await shows(pilot, "line 250 of 250", "FOLLOWING", "dbt.log", "INFO   30 of 30 OK created [SUCCESS in 0.1s]")
        append(path, entry("warn", "something new") + b"\n" + b"half a li")
        await shows(pilot, "WARN   something new", "half a li", "line 252 of 252")
        append(path, b"ne\n")
        await shows(pilot, "half a line", "line 252 of 252")
        await pilot.press("up")
        assert "FOLLOWING" not in drawn(pilot.app)
        append(path, b"".join(entry("info", f"later {number}") + b"\n" for number in range(500)))
        await shows(pilot, "line 251 of 752")
        assert line(screen) == entry("warn", "something new")
        await pilot.press("end")
        await shows(pilot, "later 499", "FOLLOWING", "line 752 of 752")
        await pilot.press("f")
        assert "FOLLOWING" not in drawn(pilot.app)


async def test_moving_through_all_of_it(state: Path, path: Path) -> None:
    write(path, b"".join(entry("info", f"entry {number}") + b"\n" for number in range(800)))
    async with on_log(state, path) as (pilot, screen):
        await pilot.press("home")
        await shows(pilot, "line 1 of 800", "entry 0")
        seen = [line(screen)]
        while len(seen) < 400:
            await pilot.press("pagedown")
            before = seen[-1]
            await until(pilot, lambda: not screen.source.fetching, "the lines ahead")
            if line(screen) == before:
                continue
            seen.append(line(screen))
            if screen.window.ends and screen.window.cursor == len(screen.window.lines) - 1:
                break
        numbers = [int(text.split()[-1]) for text in seen]
        assert numbers == sorted(numbers) and numbers[-1] == 799
        assert max(after - before for before, after in zip(numbers, numbers[1:], strict=False)) <= 24, "none skipped"
        await pilot.press("pageup", "k", "j", "up", "space", "b")
        await until(pilot, lambda: f"line {int(line(screen).split()[-1]) + 1:,} of" in drawn(pilot.app), "its number")


@pytest.mark.parametrize("following", [False, True])
async def test_a_page_that_comes_late_leaves_the_cursor_where_a_person_has_put_it(
    state: Path, path: Path, following: bool
) -> None:
    """Also where the page is the end of a log that has grown: there the cursor's line is not among them."""
    write(path, b"".join(entry("info", f"entry {number}") + b"\n" for number in range(190 if following else 800)))
    async with on_log(state, path) as (pilot, screen):
        if not following:
            await pilot.press("home")
            await until(pilot, lambda: screen.window.starts and not screen.source.fetching, "the first lines")
        log, gate = screen.source._log, threading.Event()
        assert isinstance(log, LogFile)
        answer = log.page

        def late(offset: int, before: int, after: int) -> LogPage | None:
            assert gate.wait(20)
            return answer(offset, before, after)

        log.page = late  # type: ignore[method-assign]
        if following:
            append(path, b"".join(entry("info", f"later {number}") + b"\n" for number in range(190)))
            await until(pilot, lambda: screen.source.fetching, "the question for the new end")
        while not screen.source.fetching:
            await pilot.press("pagedown")
        await pilot.press(*["home"] if following else ["up"] * 5)
        put, lines = line(screen), screen.window.lines
        gate.set()
        await until(pilot, lambda: screen.window.lines is not lines and not screen.source.fetching, "the late page")
        assert line(screen) == put and not screen.following


async def test_levels_threads_and_invocations(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await pilot.press("l", "l")
        await shows(pilot, "warn and above", "line 4 of 4", "no such table")
        assert "DEBUG" not in drawn(pilot.app) and "INFO" not in drawn(pilot.app)
        await pilot.press("l")
        await shows(pilot, "errors only")
        await pilot.press("home")
        await shows(pilot, "line 1 of 4")
        await pilot.press("l")
        await shows(pilot, "of 250")
        assert line(screen) == entry("error", "Database Error in model m", "Thread-2 ("), "the cursor keeps its line"
        await pilot.press("i")
        await shows(pilot, f"invocation {IDS[0][:8]}")
        await until(pilot, lambda: screen.state.shown is not None and screen.state.shown.done, "the count")
        await pilot.press("t")
        await shows(pilot, "thread Thread-2")
        await until(pilot, lambda: not screen.source.fetching and screen.window.first is not None, "the lines")
        threads = {each.head for each in screen.window.lines if b"Thread-1" in each.head}
        assert not threads and len(screen.window.lines) == 64, (
            "15 nodes of 4 lines, the error, and the blank lines that end the invocation"
        )
        await pilot.press("i")
        await shows(pilot, "of 126")
        await pilot.press("escape")
        await shows(pilot, "of 250")


async def test_a_filter_that_nothing_passes(state: Path, path: Path) -> None:
    write(path, entry("info", "all is well") + b"\n")
    async with on_log(state, path) as (pilot, _):
        await pilot.press("l", "l")
        await shows(pilot, "No line passes the filter")
        await pilot.press("j", "k", "pageup", "home", "end", "e", "w", "right")
        assert pilot.app.is_running
        await pilot.press("escape")
        await shows(pilot, "all is well")


async def test_searching_the_whole_file(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await search(pilot, "database error")
        await shows(pilot, "/database error  2 of 2")
        assert line(screen) == entry("error", "Database Error in model m", "Thread-2 (")
        await pilot.press("n")
        await shows(pilot, "1 of 2", "from the other end")
        await pilot.press("n")
        await shows(pilot, "2 of 2")
        await pilot.press("N")
        await shows(pilot, "1 of 2")
        await pilot.press("down")
        await shows(pilot, "2 matches", "*")
        offset = next(each.offset for each in screen.window.lines if b"Database" in each.head)
        await until(pilot, lambda: screen.view.marks.get(offset) == [(0, 14)], "the mark")
        await search(pilot, "SUCCESS in")
        await shows(pilot, "of 60")
        await search(pilot, "no such thing")
        await shows(pilot, "no match")
        await pilot.press("escape")
        assert screen.pattern is None and not screen.view.marks
        await until(pilot, lambda: "/no such" not in drawn(pilot.app), "the end of the search")


async def test_a_match_is_more_than_a_colour(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await search(pilot, "Database")
        await shows(pilot, "/Database  2 of 2")
        drawer, raw = screen.view.drawer, screen.window.lines[screen.window.cursor]
        pieces = drawer.row(drawer.take(raw), 78, marks=[(0, 8)])
        assert next(style for text, style in pieces if text == "Database").startswith("bold underline")


async def test_a_wrong_expression_says_where(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await search(pilot, "m(odel")
        await shows(pilot, "missing ), unterminated subpattern at character 2", "m(odel")
        assert screen.pattern is None and screen.typing
        screen.query_one(SearchLine).value = "m(odel)"
        await until(pilot, lambda: "unterminated" not in drawn(pilot.app), "the end of the complaint")
        await pilot.press("slash", "escape")
        assert not screen.typing


async def test_a_catastrophic_expression_does_not_hold_up_the_screen(state: Path, path: Path) -> None:
    append(path, b"a" * 60 + b"!\n")
    async with on_log(state, path) as (pilot, screen):
        await search(pilot, "(a|a)+$")
        await until(pilot, lambda: screen.state.found is not None, "the search under way")
        await pilot.press("up", "up", "up")
        await shows(pilot, "line 248 of 251")
        await pilot.press("escape")
        await until(pilot, lambda: screen.pattern is None and screen.state.found is None, "the end of the search")
        await search(pilot, "(a|a)+$")
        await shows(pilot, "This search takes too long", "stopped")
        await pilot.press("escape")
        await until(pilot, lambda: "too long" not in drawn(pilot.app), "the end of the complaint")


async def test_errors_up_and_down(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await pilot.press("e")
        await shows(pilot, "no error below")
        await pilot.press("E")
        await until(pilot, lambda: b"Database" in line(screen), "the error")
        first = screen.window.current
        await pilot.press("E")
        await until(pilot, lambda: screen.window.current != first and b"Database" in line(screen), "the one above")
        await pilot.press("E")
        await shows(pilot, "no error above")
        await pilot.press("e")
        await until(pilot, lambda: screen.window.current == first, "the one below")


async def test_copying_a_line_and_a_range_and_saving(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        await pilot.press("c")
        copied = state / "copied.txt"
        await until(pilot, copied.exists, "the copy")
        text = "02:52:19.519721 [info ] [Thread-2 (]: 30 of 30 OK created [SUCCESS in 0.1s]"
        assert copied.read_text(encoding="utf-8") == text
        await pilot.press("v", "up", "up", "up")
        await shows(pilot, "range of 4 lines: c copies, Esc ends it", "+")
        await pilot.press("c")
        await shows(pilot, "copied 4 lines")
        await until(pilot, lambda: copied.read_text(encoding="utf-8").count("\n") == 3, "the range")
        assert copied.read_text(encoding="utf-8").splitlines()[1:] == ["select", "\t1", text]
        await pilot.press("l", "l", "l")
        await shows(pilot, "errors only", "of 4")
        await pilot.press("s")
        await until(pilot, lambda: saved_in(state), "the saved file")
        [saved] = saved_in(state)
        await shows(pilot, "for you alone", f"saved as {saved.name}")
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        error = entry("error", "Database Error in model m", "Thread-2 (")
        assert saved.read_bytes() == (error + b"\n  no such table\n") * 2


async def test_it_is_watched_once_its_end_is_shown(state: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end is older than what the watch tells: shown after it, it would take the place of newer lines for good."""
    shown, watch = list[int](), LogSource.watch

    def watched(source: LogSource) -> None:
        screen = source._receiver
        assert isinstance(screen, LogScreen)
        shown.append(len(screen.window.lines))
        watch(source)

    monkeypatch.setattr(LogSource, "watch", watched)
    async with on_log(state, path):
        assert shown == [200]


async def test_rotation_and_truncation_are_said(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, _):
        os.rename(path, f"{path}.1")
        write(path, entry("info", "a new day") + b"\n")
        await shows(pilot, "a new day", "dbt.log was rotated", "line 1 of 1")
        write(path, b"x\n")
        await shows(pilot, "was truncated")
        os.unlink(path)
        await shows(pilot, "was deleted")


async def test_a_file_that_comes_later(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.log"
    async with on_log(state, path) as (pilot, _):
        await shows(pilot, "There is no such file yet", "not written yet")
        await pilot.press("j", "end", "home", "n", "c", "v", "t", "i", "w")
        write(path, b"here it is\n")
        await shows(pilot, "here it is", "line 1 of 1")


async def test_what_cannot_be_opened_is_said(state: Path, tmp_path: Path) -> None:
    app = LogConsole(tmp_path, services(state))
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "Not a log file", "Name a file.", "cannot be shown")
        await pilot.press("slash", "n", "e", "l", "s", "c", "question_mark", "escape", "colon", "escape")
        assert app.is_running


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
async def test_hostile_lines_are_data(state: Path, path: Path, ascii: bool) -> None:  # noqa: A002
    lines = [text.encode() for text in HOSTILE] + [entry("warn", text) for text in HOSTILE]
    lines += [b"\xff\xfe\x00", b"\x00" * 200, b"w" * 1_000_000, "漢".encode() * 200, b"\t" * 50]
    write(path, b"\n".join(lines) + b"\n")
    async with on_log(state, path, (100, 60), ascii=ascii) as (pilot, _):
        seen = drawn(pilot.app)
        for key in ("w", "right", "pageup", "home", "w", "right", "right", "home"):
            await pilot.press(key)
            seen += drawn(pilot.app)
        await search(pilot, ".")
        await shows(pilot, "/.")
        seen += drawn(pilot.app)
        assert pilot.app.is_running
    for text in ("[/b]", "[@click=app.quit]x[/]", "[red]red[/red]"):
        assert text in seen, "markup is shown as the letters that it is"
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert "1,000,000 bytes" in seen
    assert seen.isascii() or not ascii


async def test_pushed_over_a_pane_it_gives_back_the_pane(state: Path, path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SIZE) as pilot:
        before = app.screen
        screen = LogScreen(app.services, app.look, path, title="run 4711")
        app.push_screen(screen)
        await shows(pilot, "run 4711", "30 of 30 OK")
        await search(pilot, "OK created")
        await shows(pilot, "60 of 60")
        log = screen.source._log
        assert isinstance(log, LogFile) and log._client is not None and log._searcher is not None
        workers = log._client.pid, log._searcher.pid
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is before, "the pane")

        def all_gone() -> bool:
            threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("log ")]
            return not threads and not any(Path(f"/proc/{pid}").exists() for pid in workers)

        await until(pilot, all_gone, "the end of its threads and processes")
        assert log._reader is None, "and of its descriptor"


async def test_a_log_that_is_opened_too_late_is_closed(path: Path) -> None:
    gate, made = threading.Event(), list[LogFile]()

    def slowly() -> LogFile:
        assert gate.wait(20)
        made.append(LogFile(path))
        return made[0]

    source = LogSource(MessagePump(), slowly)
    source.open(10)
    source.close()
    gate.set()
    deadline = time.monotonic() + 20
    while source._opener.busy:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
    assert made[0]._reader is None


async def test_marks_that_were_given_up_are_asked_for_again(state: Path, path: Path) -> None:
    async with on_log(state, path) as (pilot, screen):
        log, asked = screen.source._log, list[Pattern]()
        assert isinstance(log, LogFile)
        answer = log.spans

        def given_up_once(pattern: Pattern, texts: tuple[str, ...]) -> list[list[tuple[int, int]]] | None:
            asked.append(pattern)
            return None if len(asked) == 1 else answer(pattern, texts)

        log.spans = given_up_once  # type: ignore[method-assign]
        await search(pilot, "Database")
        await shows(pilot, "/Database  2 of 2")
        await until(pilot, lambda: [(0, 8)] in screen.view.marks.values(), "the mark")
        assert len(asked) > 1


async def test_tiny_terminals(state: Path, path: Path) -> None:
    for size in ((20, 5), (10, 3), (200, 60)):
        async with on_log(state, path, size) as (pilot, _):
            for key in ("w", "home", "pagedown", "end", "right", "w", "k", "v"):
                await pilot.press(key)
            drawn(pilot.app)


def test_in_a_real_terminal(own_home: Path, path: Path) -> None:
    environment = {**os.environ, "HOME": str(own_home), "NO_COLOR": "1"}
    argv = [str(Path(os.sys.executable).with_name("gcms-tui")), "--ascii", "log", str(path)]  # type: ignore[attr-defined]
    with Terminal(argv, env=environment) as terminal:
        terminal.wait_for("FOLLOWING", "line 250 of 250")
        terminal.send("/Database Error\r")
        terminal.wait_for("2 of 2")
        terminal.send("\x1b[A")
        terminal.wait_for("*02:52:19 ERROR")
        assert terminal.text().isascii()
        terminal.send("q")
        assert terminal.wait_gone() == 0


# -- the pure parts ---------------------------------------------------------------------------------------------


def test_words() -> None:
    assert filter_text(LogFilter()) == "" == filter_text(LogFilter(Level.DEBUG))
    assert (
        filter_text(LogFilter(Level.INFO, IDS[0], "Thread-1 ("))
        == "info and above, invocation 8b9ae1ab, thread Thread-1"
    )


@pytest.mark.parametrize("text", ["", "short", "a b " * 40, "x" * 100, "漢字 かな " * 20, "日" * 50 + " end"])
def test_folding_loses_no_letter_and_fits(text: str) -> None:
    from rich.cells import cell_len

    rows = [text[start:end] for start, end in _folded(text, 20)]
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(row) <= 20 for row in rows)


def window(number: int, *, starts: bool = True, ends: bool = True) -> LogWindow:
    held = LogWindow()
    lines = tuple(RawLine(place * 10, 9, b"x" * 9) for place in range(number))
    held.take(LogPage(lines, 0, starts, ends), None)
    held.size = number * 10
    return held


def test_the_cursor_stays_in_view_whatever_lines_take() -> None:
    held = window(50)
    heights: Callable[[int], int] = lambda index: 1 + index % 4  # noqa: E731
    for step in (0, -3, -40, 17, -60, 100, -1):
        held.move(step)
        held.reveal(12, heights)
        assert held.top <= held.cursor
        assert sum(heights(index) for index in range(held.top, held.cursor + 1)) <= 12 or held.top == held.cursor


def test_no_room_is_left_empty_below_the_last_line() -> None:
    held = window(50)
    held.top = 45
    held.reveal(12, lambda index: 1)
    assert held.top == 38 and held.place(12) == (11, 12)
    assert window(5).place(12) is None
