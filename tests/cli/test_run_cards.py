"""The troubleshooting cards as commands tell them, over runs that a test writes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gcms_tui.cli import run_failures, run_list, run_review
from gcms_tui.cli.main import run as gcms_tui
from gcms_tui.core.settings import Settings
from tests.console.scripted_run import CRITICAL_TEST, STORY, Planned, ScriptedRun, record
from tests.console.small_runs import small_desk

MISSING = "Database Error\n  002003 (42S02): Object 'X' does not exist or not authorized."
HOSTILE = "model.gcms.a;$(id)\x1b[31m\u202eb"
NODES = (
    *(node for node in STORY if node.status in ("success", "pass", "fail")),
    Planned("model.gcms.payment_export", 0.6, "error", None, MISSING),
    Planned("model.gcms.attendance_history", 0.6, "success", None, "SUCCESS 0"),
    Planned(HOSTILE, 0.1, "error", None, MISSING),
)


Told = Callable[..., str]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """What a command says over one run of these nodes."""
    shown: list[ScriptedRun] = []

    @contextmanager
    def opened(*_: Any) -> Iterator[Any]:
        yield small_desk(tmp_path, *shown).desk

    known = Settings()
    for module in (run_list, run_failures, run_review):
        monkeypatch.setattr(module, "open_run_desk", opened)
        monkeypatch.setattr(module, "load_settings", lambda invocation: SimpleNamespace(settings=known))

    def tell(*words: str, **given: Any) -> str:
        shown[:] = [ScriptedRun(NODES, record(**given))]
        shown[0].advance(99)
        assert gcms_tui(words) == 0
        return capsys.readouterr().out

    return tell


@pytest.mark.covers("T1", "T3")
def test_a_run_is_shown_with_the_cards_that_it_calls_for(told: Told) -> None:
    out = told("runs", "show", "last", target="prod")
    lines = [line for line in out.splitlines() if line.startswith("-> ")]
    assert [line.partition(" (")[0] for line in lines] == [
        "-> T1 Model fails with `relation does not exist`",
        "-> T1 Model fails with `relation does not exist`",
        "-> T3 Tests pass locally but fail in production",
    ]
    assert lines[1].endswith(": gcms-tui runbook start relation-missing --about payment_export")
    assert lines[0].isprintable() and shlex.split(lines[0].rpartition("gcms-tui ")[2])[-1].startswith("a;$(id)")

    document = json.loads(told("runs", "show", "last", "--json", target="dev"))
    assert [(card["section"], card["procedure"], card["about"]) for card in document["troubleshooting"]][1:] == [
        ("T1", "relation-missing", "payment_export"),
    ]


@pytest.mark.covers("T3")
@pytest.mark.parametrize("target", ["prod", "dev"])
def test_a_failing_test_is_told_with_its_card(told: Told, target: str) -> None:
    start = "gcms-tui runbook start dev-against-prod"
    for test in ((), (CRITICAL_TEST,)):
        out = told("runs", "failures", "last", *test, target=target)
        assert out.count(start) == (target == "prod")
        failing = told("runs", "failures", "last", *test, "--json", target=target)
        (document,) = json.loads(failing)["failing"]
        assert (document["troubleshooting"] or {}).get("command") == (start if target == "prod" else None)


@pytest.mark.covers("T4")
def test_what_has_become_slower_is_told_with_its_card(told: Told) -> None:
    start = "gcms-tui runbook start slow-model --about fct_musician_payment"
    out = told("runs", "trend")
    assert out.count("-> T4 Slow model performance") == out.count(start) == 1
    document = json.loads(told("runs", "trend", "--json"))
    assert [card["command"] for card in document["troubleshooting"]] == [start]
    assert len(document["nodes"]) == 2, "and everything that it told before"
