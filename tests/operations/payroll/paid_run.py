"""A payroll that has been signed, released and recorded, and a warehouse in memory whose tables can be cloned."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from gcms_tui.core.errors import GcmsError, MissingRelation, StatementFailed
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.export_file import MANIFEST, csv_bytes, hash_file, lines_of, manifest, sha256
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.statement import statement
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.writing.written import SessionIdentity, Written
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.scene import MemoryWarehouse, Row, Scene, payment

FACT, CLONE = '"GOLD"."FCT_MUSICIAN_PAYMENT"', '"GOLD"."FCT_MUSICIAN_PAYMENT_20260301"'
PAID_ON = date(2026, 3, 1)
CSV = "payroll-7.csv"
TRIO = {Role.ENGINEER: "erin", Role.FINANCE: "frank", Role.MANAGER: "maria"}
SIGNERS = Signers({role: (login,) for role, login in TRIO.items()})

_PAID_FROM = re.compile(r'FROM ((?:"\w+"\.?)+) AS payment')
_QUOTED = re.compile(r'"\w+"(?:\."\w+")+')


@dataclass
class CloneHouse(MemoryWarehouse):
    """Its tables by their quoted names. `hooks`: what happens just before a statement of that query, or just after it
    where the name begins with `after `."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    kind: tuple[str, str] = ("BASE TABLE", "YES")
    """Of every table: its type, and whether it is transient."""
    hidden: set[str] = field(default_factory=set)
    """Clones without a grant for the role that reads."""
    hooks: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tables.setdefault(FACT, [payment(number) for number in range(1, 21)])
        self.answers |= {
            "payroll_export": lambda asked: self._rows(_PAID_FROM.findall(asked.sql)[0]),
            "row_count": lambda asked: [{"row_count": len(self._rows(_QUOTED.findall(asked.sql)[-1], granted=True))}],
            "table_kind": self._kind,
            "query_history_by_tag": [],
        }

    def open(self, write_id: str) -> CloneSession:
        return CloneSession(self, f"tag {write_id}")

    def change(self, musician: int, net: str, table: str = FACT) -> None:
        self.tables[table][musician - 1]["net_amount"] = Decimal(net)

    def happens(self, event: str) -> None:
        if hook := self.hooks.pop(event, None):
            hook()

    def _rows(self, name: str, *, granted: bool = False) -> list[Row]:
        if name not in self.tables or (name in self.hidden and not granted):
            raise MissingRelation("A table is missing", f"{name} does not exist or not authorized.")
        return self.tables[name]

    def _kind(self, asked: Statement) -> list[Row]:
        name = ".".join(f'"{part}"' for part in asked.binds)
        there = name in self.tables and name not in self.hidden
        return [{"table_type": self.kind[0], "is_transient": self.kind[1]}] if there else []


@dataclass
class CloneSession:
    house: CloneHouse
    query_tag: str
    identity: SessionIdentity = field(default=SessionIdentity("GCMS", "OPERATOR", "77"))

    def read(self, statement: Statement) -> Answer:
        return self.house.read(statement)

    def run(self, statement: Statement, request_id: str) -> Written:
        clone, table = _QUOTED.findall(statement.sql)
        self.house.happens(statement.query)
        if clone in self.house.tables:
            raise StatementFailed("The warehouse refused", f"Object {clone} already exists.", code=2002)
        self.house.tables[clone] = deepcopy(self.house.tables[table])
        self.house.happens(f"after {statement.query}")
        return Written(0, 0, "q", 1)

    def begin(self) -> None:
        raise AssertionError("a clone has no transaction")

    def commit(self, request_id: str) -> str | None:
        raise AssertionError("a clone has no transaction")

    def rollback(self) -> None:
        raise AssertionError("a clone has no transaction")

    def close(self) -> None:
        pass


def failing(error: GcmsError) -> Callable[[], object]:
    def hook() -> object:
        raise error

    return hook


def exported(scene: Scene, files: DiskFiles) -> PayrollRun:
    run = scene.ticked()
    read = scene.reader().read(run.concert_id)
    lines = lines_of(read.payments)
    content = csv_bytes(lines.lines)
    said = {"run": run.run_id, "totals": read.frozen.totals.document(), "fingerprint": read.frozen.fingerprint}
    written = {CSV: content, f"{CSV}.sha256": hash_file(content, CSV)}
    written[MANIFEST] = manifest(said, read.payments, lines, written)
    hashes = {name: sha256(text) for name, text in written.items()}
    payload: dict[str, Any] = {
        "fingerprint": read.frozen.fingerprint,
        "payees": read.frozen.payees,
        "host": files.host,
        "file": CSV,
    }
    payload |= {"directory": str(files.prepare(run.run_id, written)), "files": hashes, "sha256": hashes[CSV]}
    return noted(scene, run, Step.EXPORT, events.EXPORTED, **payload, manifest=hashes[MANIFEST])


def signed(scene: Scene, run: PayrollRun, role: Role, login: str = "", armoured: str = "") -> PayrollRun:
    assert run.exported is not None
    said: dict[str, Any] = {
        "role": role.value,
        "says": role.says,
        "statement": statement(run, role),
        "sha256": run.exported.sha256,
    }
    login = login or TRIO[role]
    return noted(scene, run, Step.SIGN_OFF, events.SIGNED, login, **said, signature=armoured, key="")


def released(scene: Scene, files: DiskFiles, *, armoured: Callable[[str, str], str] = lambda *_: "") -> PayrollRun:
    run = exported(scene, files)
    for role, login in TRIO.items():
        run = signed(scene, run, role, armoured=armoured(login, statement(run, role)))
    assert run.exported is not None
    directory = str(files.release(run.run_id))
    said: dict[str, Any] = {
        "host": files.host,
        "directory": directory,
        "file": CSV,
        "sha256": run.exported.sha256,
        "by_hand": False,
    }
    return noted(scene, run, Step.SIGN_OFF, events.RELEASED, **said)


def recorded(scene: Scene, files: DiskFiles, **how: Any) -> PayrollRun:
    run = released(scene, files, **how)
    assert run.frozen is not None
    totals = run.frozen.totals
    said: dict[str, Any] = {
        "write": "w-paid",
        "plan": "p",
        "date": str(PAID_ON),
        "entries": totals.entries,
        "net": str(totals.net),
    }
    return noted(scene, run, Step.RECORD, events.RECORDED, **said, already=False)


def copied(template: Path, to: Path) -> Path:
    """The store and the files of a run that others begin with too."""
    shutil.copytree(template, to, ignore=shutil.ignore_patterns("*-shm"))
    return to


def noted(scene: Scene, run: PayrollRun, step: Step, event: str, user: str = "erin", **payload: Any) -> PayrollRun:
    with scene.book(user).at(run.run_id, step) as at:
        return at.note(event, payload)
