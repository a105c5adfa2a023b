"""The whole walk without a terminal, over a practice platform: one concert is stopped by its tests, mended, and paid;
another is paid. What the console says is held against the file, Postgres and the archive, by plain drivers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gcms_tui.core.payroll import events
from tests.commands import WHY
from tests.integration.asking import Asking, connect
from tests.payroll_agreement import sides
from tests.payroll_walk import HELD, TODAY, Walk
from tests.practice import copy_sandbox, running


@pytest.fixture(scope="module")
def walk(sandbox_template: Path, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("payroll") / "sandbox")) as platform:
        yield Walk(platform)


@pytest.fixture(scope="module")
def clean(walk: Walk) -> str:
    """The newest concert that is not paid and has nothing wrong with it."""
    concerts = walk.does("list")["concerts"]
    unpaid = [item["concert"] for item in concerts if item["state"] in ("never paid", "held")]
    assert HELD in unpaid
    return next(str(concert) for concert in unpaid if concert != HELD)


@pytest.fixture(scope="module")
def stopped(walk: Walk) -> str:
    """The run of the concert whose duplicates a critical test finds."""
    run = str(walk.does("open", HELD)["run"])
    assert walk.refused("open", HELD, by="frank") == "open_run"
    assert walk.refused("export", run) == "freshness"
    walk.does("step", run, "freshness")
    walk.does("step", run, "models")
    status, said = walk.told("step", run, "tests")
    assert status == 2 and said["next"] == "tests"
    return run


@pytest.fixture(scope="module")
def mended(walk: Walk, stopped: str) -> str:
    """The same run, its duplicates repaired, built and tested again, and the hold lifted by a second person."""
    walk.commands.repaired()
    (hold,) = {item["hold"] for item in walk.does("list")["holds"] if item["hold"]}
    assert walk.refused("lift", hold, *WHY, by="frank") == "critical_test"
    walk.does("step", stopped, "models")
    walk.does("step", stopped, "tests")
    assert walk.refused("spot-check", stopped, "--row", "1", "--ok") in ("hold", "spot-check")
    assert walk.refused("lift", hold, *WHY, by="erin") == "second_person"
    walk.does("lift", hold, *WHY, by="frank")
    return stopped


def owed(walk: Walk, concert: str) -> tuple[int | str, ...]:
    """Its control totals, as a plain statement has them."""
    with closing(connect(walk.platform.snowflake)) as plain:
        [(entries, *sums)] = Asking(plain).plain(
            "SELECT COUNT(*), SUM(gross_amount), SUM(deductions), SUM(net_amount), SUM(musician_id) "
            "FROM gold.fct_musician_payment WHERE concert_id = ?",
            int(concert),
        )
    return entries, *(str(total) for total in sums)


def test_the_held_concert_is_stopped_at_its_tests(walk: Walk, stopped: str) -> None:
    states = walk.states(stopped)
    assert (states["freshness"], states["models"], states["tests"]) == ("passed", "passed", "failed")
    (hold,) = [item for item in walk.does("list")["holds"] if item["hold"]]
    assert hold["cause"] == "critical test" and "attended_services" in hold["reason"]
    assert walk.refused("export", stopped) == "tests"


def test_both_concerts_are_walked_to_the_end_and_everything_agrees(
    walk: Walk, clean: str, mended: str, tmp_path: Path
) -> None:
    other = str(walk.does("open", clean)["run"])
    for step in ("freshness", "models", "tests", "spot-check"):
        walk.does("step", other, step)
    for run, concert in ((mended, HELD), (other, clean)):
        walk.looked_at(run)
        prepared = walk.does("export", run)["file"]
        assert walk.refused("sign", run, "--role", "manager", by="erin") == "role"
        assert walk.refused("release", run) == "signatures"
        released = walk.signed(run)
        assert len(released["signatures"]) == 3
        file = Path(released["released"]["directory"]) / prepared["name"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == prepared["sha256"]
        assert file.stat().st_mode & 0o077 == 0
        archived = walk.paid(run, concert)["archived"]
        seen = sides(file, concert, archived["table"], walk.platform.postgres, walk.platform.snowflake)
        assert seen.file and not seen.differences and seen.dates == {TODAY}
        totals = released["frozen"]["totals"]
        assert (str(sum(seen.file.values())), len(seen.file)) == (totals["net"], totals["entries"])
        assert set(walk.states(run).values()) == {"passed"}
        status, proof = walk.told("verify", run)
        assert (status, proof["verdict"]) == (0, "OK"), proof
        assert owed(walk, concert) == tuple(
            totals[name] for name in ("entries", "gross", "deductions", "net", "hash_total")
        )
    assert walk.refused("open", clean) == "already_paid"
    assert not walk.entries(events.VOIDED) and not walk.does("list")["holds"]
    damaged = bytearray(file.read_bytes())
    damaged[-3] ^= 1
    file.write_bytes(damaged)
    status, proof = walk.told("verify", other)
    assert status == 2 and {item["what"] for item in proof["proofs"] if item["verdict"] == "FAIL"} >= {"released file"}
