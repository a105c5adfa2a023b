"""An office in which a payroll's file is prepared, and three people come to sign it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.events import EXPORTED
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.ports import Signing
from gcms_tui.operations.payroll.sign_off import Signed, SignOff
from gcms_tui.operations.payroll.spot_checks import Variance
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.scene import Scene

CSV = "payroll_7.csv"
LISTS = {Role.ENGINEER: ("erin", "maria"), Role.FINANCE: ("frank", "erin"), Role.MANAGER: ("maria",)}
TRIO = (("maria", Role.MANAGER), ("erin", Role.ENGINEER), ("frank", Role.FINANCE))
"""Who signs, in an order that is not the roles'."""


@dataclass
class MemoryKeys:
    """Signatures by keys; whoever has none in `keys` cannot sign."""

    keys: dict[str, str] = field(default_factory=lambda: {login: f"SHA256:{login}" for login, _ in TRIO})
    meanwhile: Callable[[], object] = lambda: None
    """What happens while the key waits for a touch."""

    def sign(self, login: str, text: str) -> tuple[str, str]:
        self.meanwhile()
        if login not in self.keys:
            raise Refused("No key", "none", guard="key")
        return f"{login} signs {hashlib.sha256(text.encode()).hexdigest()}", self.keys[login]

    def verify(self, login: str, text: str, armoured: str, *, at: datetime | None = None) -> str:
        if login not in self.keys:
            return "its key is no longer allowed"
        return "" if armoured == self.sign(login, text)[0] else "it is forged"


@dataclass
class Office:
    """A prepared file, and whoever comes to sign it."""

    scene: Scene
    files: DiskFiles
    lists: dict[Role, tuple[str, ...]] = field(default_factory=lambda: dict(LISTS))
    keys: Signing | None = None
    apart: tuple[str, ...] = ()
    """Users of the operating system who see nothing of the others' files; all others are played by one."""

    run_id: str = ""
    """What is exported already."""
    paid: str = ""
    """The guard that says that the concert has been paid in another way, or may have been."""
    books: dict[tuple[str, str], Payrolls] = field(default_factory=dict)

    def book(self, user: str = "erin", host: str = "ops-1") -> Payrolls:
        return self.books.get((user, host)) or self.books.setdefault((user, host), self.scene.book(user, host))

    def at(
        self, user: str, host: str = "ops-1", variance: Callable[[PayrollRun], Variance | None] | None = None
    ) -> SignOff:
        return SignOff(
            book=self.book(user, host),
            reader=self.scene.reader(),
            files=self.files_at(user, host),
            signing=self.keys,
            signers=Signers(self.lists),
            person=Person(user, host),
            unpaid=self.require_unpaid,
            variance=variance or (lambda _: None),
        )

    def require_unpaid(self, run: PayrollRun) -> None:
        if self.paid:
            raise Refused("Already paid", f"concert {run.concert_id} was paid by hand.", guard=self.paid)

    def files_at(self, user: str, host: str) -> DiskFiles:
        directory = self.files.directory if user not in self.apart else self.files.directory / user
        return DiskFiles(directory, host, writable=self.files.writable, killed=self.files.killed)

    def export(self, files: dict[str, bytes] | None = None) -> PayrollRun:
        """By erin on ops-1, after everything before it has passed."""
        if self.run_id:
            return self.book().get(self.run_id)
        run = self.scene.ticked()
        csv = b"full_name,net_amount\r\n"
        hashed = f"{hashlib.sha256(csv).hexdigest()}  {CSV}\n".encode()
        written = {CSV: csv, f"{CSV}.sha256": hashed, "manifest.json": b"{}", **(files or {})}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in written.items()}
        with self.book().at(run.run_id, Step.EXPORT) as at:
            assert run.frozen is not None
            said = {"fingerprint": run.frozen.fingerprint, "payees": run.frozen.payees, "host": "ops-1", "file": CSV}
            directory = self.files.prepare(run.run_id, written)
            return at.note(
                EXPORTED,
                {
                    **said, "directory": str(directory), "files": hashes, "sha256": hashes[CSV],
                    "manifest": hashes["manifest.json"],
                },
            )  # fmt: skip

    def sign(self, run: PayrollRun, count: int = 3, last_host: str = "ops-1") -> Signed:
        """The first `count` of the trio, the last of them on `last_host`."""
        signed = Signed(run)
        for number, (user, role) in enumerate(TRIO[:count], 1):
            signed = self.at(user, last_host if number == count else "laptop").sign(run.run_id, role)
        return signed

    def get(self, run: PayrollRun) -> PayrollRun:
        return self.book().get(run.run_id)

    def outbox(self, run: PayrollRun) -> list[str]:
        return [file.path.name for file in self.files.released(run.run_id)]
