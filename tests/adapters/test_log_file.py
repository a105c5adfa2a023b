"""A log of any size and in any state: what is read of it is what a plain reading of the whole file gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcms_tui.adapters import log_walk
from gcms_tui.adapters.log_checkpoints import Checkpoints
from gcms_tui.adapters.log_file import DRAWN, LogFile
from gcms_tui.adapters.log_scan import Failures, Search, Selection
from gcms_tui.adapters.log_walk import LogReader, Scan
from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.log_line import Level, parse_line
from gcms_tui.core.log_pattern import Pattern, compile_pattern
from gcms_tui.core.log_view import LogFilter, LogState
from gcms_tui.operations.log_port import END
from tests.core.test_log_line import event

T = TypeVar("T")
IDS = ("8b9ae1ab-5cbd-4e4c-a21a-9b4c0d9a2f10", "11111111-2222-3333-4444-555555555555")


def header(invocation: str) -> bytes:
    return f"{'=' * 30} 02:52:19.519721 | {invocation} {'=' * 30}".encode()


def entry(level: str, message: str, thread: str = "MainThread") -> bytes:
    return f"\x1b[0m02:52:19.519721 [{level:<5}] [{thread}]: {message}".encode()


# -- the oracle: the whole file in memory, line by line --------------------------------------------------------------


def wanted_lines(data: bytes, wanted: LogFilter, matches: Callable[[bytes], bool]) -> list[tuple[int, int]]:
    """Offset and size of every line that is wanted."""
    found, offset, kept, current = [], 0, False, None
    lines = data.split(b"\n")
    for place, raw in enumerate(lines):
        if place == len(lines) - 1 and not raw:
            break
        line = parse_line(raw)
        if not line.continuation:
            if line.header:
                current = line.invocation_id
            level = Level.INFO if line.header else line.level
            owner = line.invocation_id if line.invocation_id and not line.header else current
            kept = (
                (wanted.level is None or (level is not None and level >= wanted.level))
                and wanted.thread in (None, line.thread)
                and wanted.invocation_id in (None, owner)
            )
        if (kept or not wanted) and matches(raw):
            found.append((offset, len(raw)))
        offset += len(raw) + 1
    return found


LINES = st.one_of(
    st.sampled_from([header(IDS[0]), header(IDS[1]), b"", b"", b"select 1", b"  from x\r", b"{{ jinja }}", b"{broken"]),
    st.builds(
        entry,
        st.sampled_from(["debug", "info", "warn", "error", "other"]),
        st.sampled_from(
            ["ok", "1 of 3 FAIL 2 x", "\x1b[31mERROR\x1b[0m in Model", "caf\u00e9 \u017f", "=====", "aaab"]
        ),
        st.sampled_from(["MainThread", "Thread-1 ("]),
    ),
    st.builds(
        lambda level, thread, one: event(level, "json error in model", thread=thread, invocation_id=one),
        st.sampled_from(["debug", "warn", "error"]),
        st.sampled_from(["MainThread", "Thread-1 ("]),
        st.sampled_from(IDS),
    ),
    st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")),
    st.just(b"x" * 90 + b"error"),
)
FILES = st.builds(
    lambda lines, end: b"\n".join(lines) + end, st.lists(LINES, max_size=40), st.sampled_from([b"\n", b"", b"\n\n"])
)
FILTERS = st.builds(
    LogFilter,
    st.sampled_from([None, Level.INFO, Level.WARN, Level.ERROR]),
    st.sampled_from([None, *IDS, "99999999-0000-0000-0000-000000000000"]),
    st.sampled_from([None, "MainThread", "Thread-1 ("]),
)
PATTERNS = [
    "error",
    "Error|FAIL",
    "model$",
    r"^\s*from",
    "ERROR in",
    r"in \w+",
    "s",
    "a+b",
    ".",
    r"caf. [^x]",
    "nowhere",
]


def finished(work: Generator[None, None, T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that everything happens at the edge of a block."""
    monkeypatch.setattr(log_walk, "BLOCK", 64)
    monkeypatch.setattr(log_walk, "STRIDE", 48)
    monkeypatch.setattr(LogReader.block, "__defaults__", (64, None))
    monkeypatch.setattr(LogReader.start_before, "__defaults__", (64,))


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=FILES, wanted=FILTERS, kind=st.sampled_from(["lines", "failures", *PATTERNS]), draw=st.data())
def test_counting_paging_and_finding(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, wanted: LogFilter, kind: str, draw: st.DataObject
) -> None:
    pattern = None if kind in ("lines", "failures") else compile_pattern(kind)
    expected = wanted_lines(data, wanted, _matching(kind, pattern))
    matcher = Failures() if kind == "failures" else None if pattern is None else Search(pattern)
    with _descriptor(tmp_path_factory, data) as fd:
        reader = LogReader(fd)
        scan = Scan(reader, Selection(wanted, matcher), Checkpoints(most=4, spacing=50))
        reader.limit = draw.draw(st.integers(0, len(data)), "size at first")
        for _ in range(draw.draw(st.integers(0, 30), "steps before it grows")):
            if not scan.done:
                scan.step()
        if draw.draw(st.booleans(), "counted whole"):
            _count(scan)
        reader.limit = len(data)
        for _ in range(draw.draw(st.integers(0, 6), "steps before the question")):
            if not scan.done:
                scan.step()
        offset = draw.draw(st.integers(0, len(data) + 1), "offset")
        before, after = draw.draw(st.integers(0, 9)), draw.draw(st.integers(0, 9))
        earlier = [place for place in expected if place[0] < offset]
        later = [place for place in expected if place[0] >= offset]
        lines, rank, starts, ends = finished(scan.page(offset, before, after))
        assert lines == (earlier[-before:] if before else []) + later[:after]
        assert rank is None or rank == sum(at < lines[0][0] for at, _ in expected)
        assert not before or starts == (len(earlier) <= before)
        assert not after or ends == (len(later) <= after)
        onward, back = finished(scan.seek(offset, 1)), finished(scan.seek(offset, -1))
        assert (onward and onward[0]) == (later[0][0] if later else None)
        assert (back and back[0]) == (earlier[-1][0] if earlier else None)
        _count(scan)
        assert scan.count == len(expected)
        for place in range(len(expected)):
            assert finished(scan.line(place)) == expected[place][0]


def _matching(kind: str, pattern: Pattern | None) -> Callable[[bytes], bool]:
    if pattern is not None:
        return pattern.matches
    return (lambda raw: parse_line(raw).failure) if kind == "failures" else lambda raw: True


def _count(scan: Scan) -> None:
    while not scan.done:
        scan.step()


class _descriptor:
    def __init__(self, factory: pytest.TempPathFactory, data: bytes) -> None:
        self._path = factory.getbasetemp() / "walked.log"
        self._path.write_bytes(data)

    def __enter__(self) -> int:
        self._fd = os.open(self._path, os.O_RDONLY)
        return self._fd

    def __exit__(self, *ended: object) -> None:
        os.close(self._fd)


# -- the real thing: a file that changes, and the processes that look through it ------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dbt.log"


@pytest.fixture
def opened() -> Iterator[Callable[[Path], LogFile]]:
    files: list[LogFile] = []

    def opens(path: Path) -> LogFile:
        files.append(LogFile(path))
        return files[-1]

    yield opens
    for file in files:
        file.close()


Opens = Callable[[Path], LogFile]


def until(log: LogFile, condition: Callable[[LogState], object], deadline_s: float = 90.0) -> LogState:
    deadline = time.monotonic() + deadline_s
    while not condition(state := log.poll()):
        assert time.monotonic() < deadline, state
        time.sleep(0.005)
    return state


def counted(log: LogFile, lines: int) -> LogState:
    return until(log, lambda state: state.lines.done and state.lines.number == lines)


def texts(log: LogFile, offset: int = END, before: int = 100, after: int = 0) -> list[bytes]:
    page = log.page(offset, before, after)
    assert page is not None
    return [line.head for line in page.lines]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_it_opens_at_its_end_without_any_process(path: Path, opened: Opens) -> None:
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(100_000)))
    log = opened(path)
    page = log.tail(3)
    assert [line.head for line in page.lines] == [b"line 99997", b"line 99998", b"line 99999"]
    assert page.ends and not page.starts and page.first is None
    assert log._client is None


def test_growth_with_a_line_that_is_completed_later(path: Path, opened: Opens) -> None:
    path.write_bytes(b"one\ntw")
    log = opened(path)
    assert [line.head for line in log.tail(9).lines] == [b"one", b"tw"]
    counted(log, 2)
    append(path, b"o\n")
    until(log, lambda state: state.size == 8)
    counted(log, 2)
    assert texts(log) == [b"one", b"two"]
    append(path, b"three")
    counted(log, 3)
    assert texts(log) == [b"one", b"two", b"three"]
    assert log.poll().event == "" and log.poll().generation == 1


def test_rotation_truncation_deletion_and_return(path: Path, opened: Opens) -> None:
    path.write_bytes(b"old one\nold two\n")
    log = opened(path)
    counted(log, 2)
    path.rename(path.with_name("dbt.log.1"))
    path.write_bytes(b"new\n")
    state = counted(log, 1)
    assert state.event == "dbt.log was rotated: this is the new file" and state.generation == 2
    assert texts(log) == [b"new"]

    path.write_bytes(b"")
    append(path, b"a\nb\n")
    state = until(log, lambda state: state.generation == 3)
    assert state.event == "dbt.log was truncated: it begins anew"
    counted(log, 2)
    path.write_bytes(b"written anew, and at once longer than it was before\n")  # the size alone does not tell this
    until(log, lambda state: state.generation == 4)
    assert texts(log) == [b"written anew, and at once longer than it was before"]

    path.unlink()
    state = until(log, lambda state: not state.exists)
    assert state.event == "dbt.log was deleted"
    assert texts(log) == [b"written anew, and at once longer than it was before"], "what is open stays readable"
    path.write_bytes(b"back\n")
    until(log, lambda state: state.exists)
    assert texts(log) == [b"back"]


def test_a_log_that_does_not_exist_yet(path: Path, opened: Opens) -> None:
    log = opened(path)
    assert not log.poll().exists and log.tail(5).lines == () and texts(log) == []
    log.search(compile_pattern("error"))
    log.narrow(LogFilter(level=Level.ERROR))
    assert log.next_match(END, -1) is None
    path.write_bytes(entry("error", "first words") + b"\n" + entry("info", "an error is told") + b"\n")
    state = until(log, lambda state: state.exists and state.found and state.found.done)
    assert state.found and state.found.number == 1 and state.shown and state.event == ""
    match = log.next_match(END, -1)
    assert match is not None and match.offset == 0


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Unavailable, match="no ordinary file"):
            LogFile(path)


def test_lines_of_a_megabyte_and_bytes_of_no_text(path: Path, opened: Opens) -> None:
    long = b"\x00\xff" * 512 * 1024 + b" needle"
    path.write_bytes(b"first\n" + long + b"\n\x00\xc3\x28 NEEDLE\n" + long)
    log = opened(path)
    assert [line.size for line in log.tail(2).lines][-1] == len(long)
    counted(log, 4)
    page = log.page(0, 0, 10)
    assert page is not None and page.starts and page.ends and page.first == 0
    assert [line.size for line in page.lines] == [5, len(long), 10, len(long)]
    assert max(len(line.head) for line in page.lines) == DRAWN
    log.search(compile_pattern("needle$"))
    state = until(log, lambda state: state.found and state.found.done)
    assert state.found and state.found.number == 3
    back = log.next_match(END, -1)
    assert back is not None and (back.offset, back.rank) == (page.lines[3].offset, 2)


def test_a_line_past_all_measure_is_one_line(path: Path, opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    with path.open("wb") as file:
        file.write(b"first\n")
        file.truncate(20 * 1024 * 1024)  # a hole: NULs that take no room
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    log = opened(path)
    counted(log, 3)
    page = log.page(0, 0, 10)
    assert page is not None
    assert [line.size for line in page.lines] == [5, 20 * 1024 * 1024 - 6, 4]
    assert texts(log, END, 1) == [b"last"]


def test_searching_while_it_grows(path: Path, opened: Opens) -> None:
    path.write_bytes(b"an Error\n" * 1_000)
    log = opened(path)
    log.search(compile_pattern("Error"))
    stop = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for number in range(20_000):
                file.write(b"Error %d is torn" % number)
                file.write(b" in two\nplain\n")
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    until(log, lambda state: stop.is_set() and state.found and state.found.number == 21_000)
    writer.join()
    counted(log, 41_000)
    match = log.next_match(END, -1)
    assert match is not None and match.rank == 20_999
    assert texts(log, match.offset, 0, 1) == [b"Error 19999 is torn in two"]
    first = log.next_match(match.offset + 1, 1)
    assert first is None


def test_the_next_match_does_not_wait_for_the_count(path: Path, opened: Opens) -> None:
    with path.open("wb") as file:
        file.truncate(2**36)
        file.seek(0, os.SEEK_END)
        file.write(b"\nan Error at last\n")
    log = opened(path)
    log.search(compile_pattern("Error"))
    match = log.next_match(END, -1)
    assert match is not None and match.rank is None
    found = log.poll().found
    assert found is not None and not found.done


def test_a_catastrophic_expression_is_stopped_and_said(path: Path, opened: Opens) -> None:
    path.write_bytes(b"fine\n" + b"a" * 60 + b"!\n")
    log = opened(path)
    log.search(compile_pattern("(a|a)+$"))
    state = until(log, lambda state: state.problem is not None)
    assert state.problem is not None and state.problem.title == "This search takes too long"
    with pytest.raises(GcmsError, match="takes too long"):
        log.next_match(0, 1)
    counted(log, 2)
    log.search(compile_pattern("fine"))
    state = until(log, lambda state: state.found and state.found.done)
    assert state.found and state.found.number == 1 and state.problem is None


def test_a_search_is_given_up_at_once(path: Path, opened: Opens) -> None:
    path.write_bytes(b"a" * 60 + b"!\n")
    log = opened(path)
    log.search(compile_pattern("(a|a)+$"))
    assert (searcher := log._searcher) is not None
    before = searcher.pid
    waiting = threading.Thread(target=lambda: log.next_match(0, 1))
    waiting.start()
    wait_for(lambda: searcher._waiting)
    log.search(None)
    waiting.join(timeout=10)
    assert not waiting.is_alive()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert log.poll().found is None


def test_abandoning_a_page_answers_none(path: Path, opened: Opens) -> None:
    path.write_bytes(b"".join(entry("debug", "x" * 60) + b"\n" for _ in range(400_000)))
    log = opened(path)
    log.narrow(LogFilter(thread="nobody"))
    log.poll()
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.append(log.page(END, 10, 0)))
    waiting.start()
    deadline = time.monotonic() + 20
    while waiting.is_alive():
        assert time.monotonic() < deadline
        log.abandon()
        time.sleep(0.002)
    assert answers == [None] or getattr(answers[0], "lines", 1) == ()


def test_filters_errors_and_invocations(path: Path, opened: Opens) -> None:
    lines = [
        header(IDS[0]),
        entry("info", "began"),
        entry("error", "Database Error", "Thread-1 ("),
        b"  relation does not exist",
        header(IDS[1]),
        entry("info", "2 of 3 FAIL 1 unique_x"),
        event("warn", "json", invocation_id=IDS[0]),
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    offsets = [sum(len(line) + 1 for line in lines[:place]) for place in range(len(lines))]
    log = opened(path)
    log.narrow(LogFilter(level=Level.ERROR))
    assert texts(log) == lines[2:4]
    log.narrow(LogFilter(invocation_id=IDS[0]))
    assert texts(log) == [*lines[:4], lines[6]]
    failure = log.next_failure(END, -1)
    assert failure is not None and failure.offset == offsets[2]
    log.narrow(LogFilter())
    failure = log.next_failure(END, -1)
    assert failure is not None and failure.offset == offsets[5]
    assert log.next_failure(0, 1) is not None
    assert [log.invocation_at(offset) for offset in offsets] == [IDS[0]] * 4 + [IDS[1]] * 2 + [IDS[0]]
    until(log, lambda state: state.lines.done)
    assert log.offset_of(3) == offsets[3] and log.offset_of(7) is None


def test_a_process_that_is_killed_is_told_of(path: Path, opened: Opens) -> None:
    path.write_bytes(b"one\n")
    log = opened(path)
    counted(log, 1)
    assert log._client is not None
    os.kill(log._client.pid, signal.SIGKILL)
    state = until(log, lambda state: state.problem is not None)
    assert state.problem is not None and "ended" in state.problem.message
    with pytest.raises(Unavailable):
        log.page(0, 0, 1)


def test_closing_leaves_no_process_and_no_descriptor(path: Path) -> None:
    path.write_bytes(b"one\n")
    before = set(os.listdir("/proc/self/fd"))
    log = LogFile(path)
    log.search(compile_pattern("one"))
    log.poll()
    clients: list[Any] = [log._client, log._searcher]
    log.close()
    for client in clients:
        with pytest.raises(ProcessLookupError):
            os.kill(client.pid, 0)
        client._reading.join(timeout=10)
    assert not set(os.listdir("/proc/self/fd")) - before


def test_giving_up_waits_for_nobody(path: Path, opened: Opens) -> None:
    path.write_bytes(b"one\n")
    log = opened(path)
    log.search(pattern := compile_pattern("one"))
    counted(log, 1)
    assert log._client is not None and log._searcher is not None
    busy = (log._client.pid, log._searcher.pid)
    for pid in busy:
        os.kill(pid, signal.SIGSTOP)  # as deep in thought as can be
    answers: list[object] = []
    asking = [
        threading.Thread(target=lambda: answers.append(log.page(0, 0, 1)), daemon=True),
        threading.Thread(target=lambda: answers.append(log.spans(pattern, ("x" * 200_000,))), daemon=True),
    ]
    try:
        for thread in asking:
            thread.start()
        wait_for(lambda: all(client is not None and client._waiting for client in (log._client, log._searcher)))
        with log._lock:
            giving_up = threading.Thread(target=log.abandon, daemon=True)
            giving_up.start()
            giving_up.join(timeout=10)
            assert not giving_up.is_alive(), "the console's loop gives up what is not wanted: it waits for no lock"
        asking[0].join(timeout=10)
        assert answers == [None], "and whoever waited has that for an answer"
    finally:
        for pid in busy:
            os.kill(pid, signal.SIGCONT)
    asking[1].join(timeout=10)
    assert answers == [None, None]
    page = log.page(0, 0, 1)
    assert page is not None and [line.head for line in page.lines] == [b"one"]


def test_what_another_search_matches_is_not_told(path: Path, opened: Opens) -> None:
    path.write_bytes(b"one\ntwo\n")
    log = opened(path)
    first, second = compile_pattern("one"), compile_pattern("two")
    log.search(first)
    assert log.spans(first, ("one", "two")) == [[(0, 3)], []]
    assert log.spans(second, ("one", "two")) is None
    log.search(second)
    assert log.spans(second, ("one", "two")) == [[], [(0, 3)]]


def test_a_search_that_begins_before_anything_is_counted_goes_on(path: Path, opened: Opens) -> None:
    path.write_bytes(b"one\n")
    log = opened(path)
    log.search(compile_pattern("one"))
    searcher = log._searcher
    counted(log, 1)
    assert log._searcher is searcher
    found = log.next_match(0, 1)
    assert found is not None and found.offset == 0


def test_a_file_is_held_while_it_is_read_whatever_its_path_names_by_then(path: Path, opened: Opens) -> None:
    path.write_bytes(b"the old one\n")
    log = opened(path)
    with log._held() as reader:
        os.rename(path, f"{path}.1")
        path.write_bytes(b"the new one\n")
        log.poll()
        assert reader is not None and reader.block(0).data == b"the old one\n"
        begin = reader.fd
    assert [line.head for line in log.tail(5).lines] == [b"the new one"]
    with pytest.raises(OSError):
        os.fstat(begin)


_READER = """
import sys, time
from pathlib import Path
from gcms_tui.adapters.log_file import LogFile
from gcms_tui.core.log_pattern import compile_pattern
log = LogFile(Path(sys.argv[1]))
log.search(compile_pattern(sys.argv[2]))
log.poll()
print(log._client.pid, log._searcher.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("pattern", ["one", "(a|a)+$"], ids=["idle", "deep in thought"])
def test_its_processes_end_with_whoever_is_killed(path: Path, pattern: str) -> None:
    path.write_bytes(b"one\n" + b"a" * 60 + b"!\n")
    argv = [sys.executable, "-c", _READER, str(path), pattern]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        workers = [int(pid) for pid in reader.stdout.readline().split()]
        assert len(workers) == 2
        reader.kill()
    wait_for(lambda: not any(is_alive(pid) for pid in workers))


def is_alive(pid: int) -> bool:
    """Not gone, and no zombie that nobody has collected."""
    try:
        return "(python" in (said := Path(f"/proc/{pid}/stat").read_text()) and ") Z " not in said
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
