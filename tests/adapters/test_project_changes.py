"""What git tells of the project's files: real repositories, with names that nobody expects."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcms_tui.adapters import project_changes
from gcms_tui.adapters.project_changes import GitChanges

BEGAN = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
MODEL = "models/br_attendance_scd2.sql"
HOSTILE = (":(exclude)*", "--output=x", "a\nb [red].sql", "$(touch pwned);.sql", "*", "\U0001f3bb.sql")


def git(directory: Path, *words: str, at: datetime = BEGAN, name: str = "Anna") -> None:
    who = {"NAME": name, "EMAIL": "anna@example.org", "DATE": at.isoformat()}
    env = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in who.items()}
    env |= {"PATH": os.environ["PATH"], "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(("git", "-C", str(directory), *words), env=env, check=True, capture_output=True)


def write(project: Path, name: str, content: str = "select 1") -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def commit(project: Path, subject: str, at: datetime = BEGAN, name: str = "Anna") -> None:
    git(project, "--literal-pathspecs", "add", "--all", at=at)
    git(project, "commit", "--allow-empty-message", "-m", subject, at=at, name=name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project below the root of its repository, with one commit."""
    project = tmp_path / "platform" / "dbt"
    for name in (MODEL, "models/other.sql", "macros/scd2.sql", "macros/deep/key.sql"):
        write(project, name)
    git(project.parent, "init", "-q", "-b", "main")
    commit(project, "Begin")
    return project


def asking(project: Path) -> GitChanges:
    return GitChanges(project, {**os.environ, "GIT_DIR": "/nowhere", "GIT_GLOB_PATHSPECS": "1"})


def test_the_model_and_the_macros_are_told_and_nothing_else(project: Path) -> None:
    for day, name in enumerate(("models/other.sql", "macros/deep/key.sql", MODEL), start=1):
        write(project, name, f"select {day} as day")
        commit(project, f"Change {name}", BEGAN + timedelta(days=day))
    write(project, "macros/new.sql")
    write(project, MODEL, "select 'not committed'")
    write(project, "models/new.sql")
    found = asking(project).since(BEGAN + timedelta(hours=1), (MODEL,))
    assert [(commit.subject, commit.files, commit.author) for commit in found.commits] == [
        (f"Change {MODEL}", (f"dbt/{MODEL}",), "Anna"),
        ("Change macros/deep/key.sql", ("dbt/macros/deep/key.sql",), "Anna"),
    ]
    assert found.commits[0].at == BEGAN + timedelta(days=3)
    assert set(found.uncommitted) == {f"dbt/{MODEL}", "dbt/macros/new.sql"}
    assert found.words == "2 commits and 2 uncommitted files, since 2026-01-10 13:00 UTC"
    assert all(command[command.index("--") + 1 :] == (MODEL, "macros") for command in found.commands[1:])


def test_nothing_changed_is_not_nothing_known(project: Path, tmp_path: Path) -> None:
    quiet = asking(project).since(BEGAN + timedelta(days=1), (MODEL,))
    assert (quiet.problem, quiet.words) == ("", "no commit, and nothing uncommitted, since 2026-01-11 12:00 UTC")
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    assert "not a git repository" in asking(outside).since(BEGAN, (MODEL,)).problem
    git(outside, "init", "-q")
    write(outside, MODEL)
    assert "does not track" in asking(outside).since(BEGAN, (MODEL,)).problem
    assert asking(tmp_path / "gone").since(BEGAN, (MODEL,)).words.startswith("not known: ")
    nul = asking(project).since(BEGAN, ("models/\0.sql",))
    assert "could not be started" in nul.problem


def test_no_git_and_a_git_that_does_not_answer_are_told(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GitChanges(project, {"PATH": str(tmp_path)}).since(BEGAN, ()).problem == "there is no git here"
    slow = tmp_path / "bin" / "git"
    write(slow.parent, "git", "#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(project_changes, "_TIMEOUT_S", 0.2)
    path = f"{slow.parent}:{os.environ['PATH']}"
    assert "did not answer" in GitChanges(project, {"PATH": path}).since(BEGAN, ()).problem


def test_names_and_messages_of_any_kind_are_data(project: Path, tmp_path: Path) -> None:
    for name in HOSTILE:
        write(project, f"macros/{name}")
    subject, author = "[@click=app.quit]run[/] \x1b[2J; rm -rf /", "An [b]na[/b]; \u202eeve"
    commit(project, subject, BEGAN + timedelta(days=1), author)
    write(project, "macros/" + HOSTILE[0], "changed")
    found = asking(project).since(BEGAN + timedelta(hours=1), (MODEL, *HOSTILE))
    assert {name for one in found.commits for name in one.files} == {f"dbt/macros/{name}" for name in HOSTILE}
    assert (found.commits[0].subject, found.commits[0].author) == (subject, author)
    assert found.uncommitted == (f"dbt/macros/{HOSTILE[0]}",)
    assert not list(tmp_path.rglob("pwned")) and not list(tmp_path.rglob("x"))


def test_more_commits_and_a_shallow_clone_are_told(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_changes, "MOST_COMMITS", 1)
    for day in (1, 2):
        write(project, MODEL, f"select {day} as day")
        commit(project, f"Day {day}", BEGAN + timedelta(days=day))
    found = asking(project).since(BEGAN, (MODEL,))
    assert ([one.subject for one in found.commits], found.note) == (["Day 2"], "only the newest 1 are told")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{project.parent}", "clone")
    assert "the clone is shallow" in asking(tmp_path / "clone" / "dbt").since(BEGAN, (MODEL,)).note
