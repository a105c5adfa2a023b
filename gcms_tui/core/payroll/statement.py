"""The text that each of the three signs: which file, by its hash, and what it comes to."""

from __future__ import annotations

from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun

NAMESPACE = "gcms-payroll"
"""What a key's signature says it is for: one made for anything else proves nothing here."""


def statement(run: PayrollRun, role: Role) -> str:
    """The same for whoever asks and whenever: no clock, no host and no version of this program is in it.

    Plain ASCII, a fact a line, whatever a file or a concert is called. Raises `ValueError` where there is no file.
    """
    if run.exported is None or run.frozen is None:
        raise ValueError("there is no file to sign")
    exported, frozen = run.exported, run.frozen
    beside = {
        name: digest for name, digest in exported.files.items() if name != exported.file and digest != exported.manifest
    }
    facts = [
        ("program", "gcms-tui payroll"),
        ("run", run.run_id),
        ("target", run.target),
        ("concert", run.concert_id),
        ("role", role.value),
        ("says", f"{role.named}: {role.says}"),
        ("file", exported.file),
        ("file sha256", exported.sha256),
        ("manifest sha256", exported.manifest),
        *(("beside it", f"{name} {digest}") for name, digest in sorted(beside.items())),
        ("fingerprint", frozen.fingerprint),
        ("payees", frozen.payees),
        *_totals(frozen.totals),
    ]
    return "".join(f"{name}: {_plain(value)}\n" for name, value in facts)


def _totals(totals: ControlTotals) -> list[tuple[str, str]]:
    return [
        ("entries", str(totals.entries)),
        ("musicians", str(totals.musicians)),
        ("gross", format(totals.gross, "f")),
        ("deductions", format(totals.deductions, "f")),
        ("net", format(totals.net, "f")),
        ("hash total", str(totals.hash_total)),
        *(
            (
                "pay type",
                f"{part.pay_type}, {part.entries} entries, gross {part.gross:f}, "
                f"deductions {part.deductions:f}, net {part.net:f}",
            )
            for part in totals.by_pay_type
        ),
    ]


def _plain(text: str) -> str:
    """On one line and in ASCII; two texts that differ still do."""
    return text.encode("unicode_escape").decode("ascii")
