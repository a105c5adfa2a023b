"""The documentation is served by a process of its own, that is found again, and stopped by whoever comes."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from gcms_tui.adapters.docs_server import DocsServer
from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.run import Person

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DocsServer]:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "index.html").write_text("the docs")
    found = at(tmp_path)
    yield found
    found.stop()


def at(directory: Path) -> DocsServer:
    return DocsServer(directory / "state", Person("ana", "ops-1"), lambda: NOW)


@pytest.mark.covers("Weekly 5")
def test_it_is_served_on_a_port_that_is_free_and_stopped_by_another_console(server: DocsServer, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        served = server.serve(str(tmp_path / "target"), port)

    assert served.port > port
    assert urlopen(served.url, timeout=60).read() == b"the docs"
    assert os.getsid(served.pid) == served.pid
    assert at(tmp_path).serving() == served
    with pytest.raises(Refused) as refused:
        at(tmp_path).stop(replace(served, pid=served.pid + 1))
    assert refused.value.guard == "docs" and server.serving() == served, "what was looked at is another one"
    assert at(tmp_path).stop(served) == served
    assert server.serving() is None
    with socket.socket() as tried:
        assert tried.connect_ex(("127.0.0.1", served.port)) != 0
    assert at(tmp_path).stop() is None


def test_another_process_of_its_number_is_not_taken_for_it(server: DocsServer, tmp_path: Path) -> None:
    served = server.serve(str(tmp_path / "target"))
    os.kill(served.pid, signal.SIGKILL)
    os.waitpid(served.pid, 0)
    file = tmp_path / "state" / "docs-server-ops-1.json"
    file.write_text(file.read_text().replace(f'"pid": {served.pid}', f'"pid": {os.getpid()}'))

    assert server.serving() is None
    assert server.stop() is None
    for broken in ("", "[]", '{"pid": 1}', "\x00"):
        file.write_text(broken)
        assert server.serving() is None


def test_where_nothing_was_generated_nothing_is_served(server: DocsServer, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        server.serve(str(tmp_path))
    assert server.serving() is None
