"""What a run's directory says of it, as JSON: strict in reading, and aware of who wrote it.

Every document carries the version of its shape. One of a newer version is not guessed at: `ValueError` says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run import CancelAsked, GitState, Holder, Person, RunEnd, RunRecord

VERSION = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lease:
    """What the file of a lease says: who holds which project and target."""

    project_dir: str
    target: str
    holder: Holder


def record_text(record: RunRecord) -> str:
    command = record.command
    return _text(
        {
            "run_id": record.run_id,
            "command": {
                "subcommand": command.subcommand,
                "select": list(command.select),
                "exclude": list(command.exclude),
                "full_refresh": command.full_refresh,
                "store_failures": command.store_failures,
                "state_of": command.state_of,
                "extra": list(command.extra),
            },
            "argv": list(record.argv),
            "project_dir": record.project_dir,
            "target": record.target,
            "person": _person(record.person),
            "started_at": _moment(record.started_at),
            "git": None if record.git is None else {"sha": record.git.sha, "dirty": record.git.dirty},
            "engine": record.engine,
            "dbt_version": record.dbt_version,
            "selected": list(record.selected),
            "expected_s": record.expected_s,
            "retry_of": record.retry_of,
            "foreign": record.foreign,
            "takeover": record.takeover,
        }
    )


def end_text(end: RunEnd) -> str:
    return _text(
        {
            "ended_at": _moment(end.ended_at),
            "exit_code": end.exit_code,
            "signal": end.signal,
            "invocation_id": end.invocation_id,
            "note": end.note,
        }
    )


def cancel_text(cancel: CancelAsked) -> str:
    return _text({"at": _moment(cancel.at), "person": _person(cancel.person)})


def lease_text(lease: Lease) -> str:
    holder = lease.holder
    return _text(
        {
            "project_dir": lease.project_dir,
            "target": lease.target,
            "run_id": holder.run_id,
            "person": _person(holder.person),
            "pid": holder.pid,
            "since": _moment(holder.since),
            "words": list(holder.words),
        }
    )


def read_record(text: str) -> RunRecord:
    """Raises `ValueError` saying what does not fit; so do the others."""
    return _read(text, _record_of)


def read_end(text: str) -> RunEnd:
    return _read(text, _end_of)


def read_cancel(text: str) -> CancelAsked:
    return _read(text, lambda fields: CancelAsked(fields.moment("at"), fields.person("person")))


def read_lease(text: str) -> Lease:
    return _read(text, _lease_of)


class _Fields:
    """One JSON object, field by field, each of exactly the type that is expected."""

    def __init__(self, document: object) -> None:
        if not isinstance(document, Mapping):
            raise ValueError("it holds no JSON object")
        self._document = document

    def of(self, name: str, *kinds: type) -> Any:
        if name not in self._document:
            raise ValueError(f"{name} is missing")
        value = self._document[name]
        # To Python, True is an int.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"{name} is {str(value)[:60]!r}")
        return value

    def text(self, name: str) -> str:
        value: str = self.of(name, str)
        return value

    def flag(self, name: str) -> bool:
        value: bool = self.of(name, bool)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        values = self.of(name, list)
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{name} holds something that is no text")
        return tuple(values)

    def inner(self, name: str) -> _Fields:
        return _Fields(self.of(name, dict))

    def moment(self, name: str) -> datetime:
        moment = datetime.fromisoformat(self.text(name))
        if moment.tzinfo is None:
            raise ValueError(f"{name} has no time zone")
        return moment.astimezone(UTC)

    def person(self, name: str) -> Person:
        fields = self.inner(name)
        return Person(fields.text("user"), fields.text("host"), fields.text("ssh_client"))


def _read(text: str, build: Callable[[_Fields], T]) -> T:
    try:
        fields = _Fields(json.loads(text))
        version = fields.of("version", int)
        if version > VERSION:
            raise ValueError(f"a newer gcms-tui wrote it (format {version}, this one knows {VERSION})")
        return build(fields)
    except (RecursionError, OverflowError) as error:
        raise ValueError(type(error).__name__) from None


def _record_of(fields: _Fields) -> RunRecord:
    command = fields.inner("command")
    git = None if fields.of("git", dict, type(None)) is None else fields.inner("git")
    expected = fields.of("expected_s", int, float, type(None))
    return RunRecord(
        run_id=fields.text("run_id"),
        command=DbtCommand(
            subcommand=command.text("subcommand"),
            select=command.texts("select"),
            exclude=command.texts("exclude"),
            full_refresh=command.flag("full_refresh"),
            store_failures=command.flag("store_failures"),
            state_of=command.of("state_of", str, type(None)),
            extra=command.texts("extra"),
        ),
        argv=fields.texts("argv"),
        project_dir=fields.text("project_dir"),
        target=fields.text("target"),
        person=fields.person("person"),
        started_at=fields.moment("started_at"),
        git=None if git is None else GitState(git.text("sha"), git.flag("dirty")),
        engine=fields.text("engine"),
        dbt_version=fields.text("dbt_version"),
        selected=fields.texts("selected"),
        expected_s=None if expected is None else float(expected),
        retry_of=fields.of("retry_of", str, type(None)),
        foreign=fields.flag("foreign"),
        takeover=fields.text("takeover"),
    )


def _end_of(fields: _Fields) -> RunEnd:
    return RunEnd(
        ended_at=fields.moment("ended_at"),
        exit_code=fields.of("exit_code", int, type(None)),
        signal=fields.of("signal", int, type(None)),
        invocation_id=fields.of("invocation_id", str, type(None)),
        note=fields.text("note"),
    )


def _lease_of(fields: _Fields) -> Lease:
    holder = Holder(
        run_id=fields.text("run_id"),
        person=fields.person("person"),
        pid=fields.of("pid", int),
        since=fields.moment("since"),
        words=fields.texts("words"),
    )
    return Lease(fields.text("project_dir"), fields.text("target"), holder)


def _person(person: Person) -> dict[str, str]:
    return {"user": person.user, "host": person.host, "ssh_client": person.ssh_client}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _text(document: Mapping[str, Any]) -> str:
    # ASCII, so that a lone surrogate of a file name can be written too.
    return json.dumps({"version": VERSION, **document}) + "\n"
