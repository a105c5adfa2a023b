"""Two consoles at one payroll, each a process of its own, on SQLite and on a shared Postgres: one of them does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gcms_tui.core.payroll import events
from tests.integration.payroll_acts import ACTS
from tests.integration.payroll_killing import Program, Request
from tests.integration.payroll_shared import SharedStore
from tests.integration.payroll_walk import Console, Place, word
from tests.practice import RunningPlatform


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with Program.started() as started:
        yield started


@pytest.fixture(scope="module")
def store(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedStore]:
    shared = SharedStore(platform.postgres)
    shared.make(tmp_path_factory.mktemp("shared"))
    yield shared
    shared.run("DROP SCHEMA gcms_ops CASCADE")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, begun: dict[str, Place], name: str, tmp_path: Path) -> Place:
    """Where that act begins."""
    stage = begun[ACTS[name].begins]
    if request.param == "sqlite":
        return stage.copied(tmp_path / "own")
    shared: SharedStore = request.getfixturevalue("store")
    return shared.begin(stage, tmp_path / "own")


def two(name: str, place: Place, meet: Path, *parts: str, at: int = 0) -> list[Request]:
    """Of one login; who signs sits at two hosts."""
    meet.mkdir()
    user, host = ACTS[name].who
    hosts = (host, "laptop" if name.startswith("sign") else host)
    url_file = str(place.url_file or "")
    return [
        Request(str(place.directory), name, at if part == "first" else 0, url_file, (user, where), str(meet), part)
        for part, where in zip(parts, hosts, strict=True)
    ]


def done_once(name: str, place: Place, times: int = 1) -> None:
    """By the journal, and by what lies there."""
    here, act = Console(place, ACTS[name].who), ACTS[name]
    entries = [entry for entry in here.run.entries if entry.kind == act.kind]
    if act.kind == events.SIGNED:
        entries = [entry for entry in entries if entry.user == act.who[0]]
    assert len(entries) == times and len(here.store.payroll.runs("sandbox")) == 1
    assert here.store.journal.verify().whole and here.store.leases.held() == ()
    if (exported := here.run.exported) is not None:
        lying = here.files.released(here.id) or here.files.prepared(here.id)
        assert {seen.path.name: seen.sha256 for seen in lying} == exported.files
        assert bool(here.files.released(here.id)) is (here.run.released is not None)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("open", 3),  # the concert is reserved, and the opening not in the journal yet
        ("export", 4),  # the file is written, and not noted
        ("sign second", 3),  # the key has signed
        ("sign third", 7),  # the file is to be moved
        ("release", 4),  # the file was moved
        ("close", 3),
    ],
)
def test_whoever_comes_while_another_is_at_it_is_refused(
    program: Program, place: Place, tmp_path: Path, name: str, at: int
) -> None:
    act = ACTS[name]
    assert program.ask(*two(name, place, tmp_path / "meet", "first", "second", at=at)) == ["done", "refused lease"]
    done_once(name, place)
    if name != "export":  # which may be done anew as long as nobody has signed
        assert word(lambda: act.do(Console(place, act.who))) in act.again
        done_once(name, place)


@pytest.mark.parametrize("name", ["open", "export", "sign second", "release", "close"])
def test_of_two_who_begin_at_the_same_moment_one_does_it(
    program: Program, place: Place, tmp_path: Path, name: str
) -> None:
    ended = program.ask(*two(name, place, tmp_path / "meet", "both", "both"))
    assert ended.count("done") == 1 or name == "export"
    assert set(ended) - {"done", "refused lease"} <= set(ACTS[name].again)
    done_once(name, place, ended.count("done"))
