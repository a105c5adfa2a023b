"""A payroll run proven anew: by its files, by what Supabase holds of it, and by its archive."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal

from gcms_tui.core.conclusion import counted, day_of
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll.archive import difference
from gcms_tui.core.payroll.export_file import DELIMITER, ENCODING, MANIFEST, read_entries
from gcms_tui.core.payroll.freezing import control_totals
from gcms_tui.core.payroll.payment import Frozen, Payment
from gcms_tui.core.payroll.proofs import Proof, Told, proof
from gcms_tui.core.payroll.run import Exported, PayrollRun
from gcms_tui.core.payroll.untouched import HASH_FILE, hash_file_says
from gcms_tui.core.verdict import Verdict

Entries = Sequence[tuple[str, Decimal]]
"""Each musician's id with what is paid."""

_WIDE = Context(prec=76)
"""More digits than any sum has."""


def files(run: PayrollRun, exported: Exported, found: Mapping[str, bytes]) -> tuple[Proof, Proof, Proof]:
    """The file, its manifest and its hash, by what lies there: `found`, by name."""
    manifest = manifest_of(exported)
    hashed = f"{exported.file}{HASH_FILE}"
    wanted = {**exported.files, exported.file: exported.sha256}
    others = {name: digest for name, digest in wanted.items() if name not in (manifest, hashed)}
    held = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    stray = [
        (Verdict.WARN, f"{name} was not exported") for name in sorted(held) if name not in {*wanted, manifest, hashed}
    ]
    early = (
        [] if run.released else [(Verdict.UNKNOWN, f"{exported.file} is as it was prepared; it is not released yet")]
    )
    return (
        proof("released file", (*_changed(others, held), *stray, *early), f"{exported.file} is what was signed"),
        proof(
            "manifest", _changed({manifest: exported.manifest}, held), f"{manifest} is what was written with the file"
        ),
        proof(
            "hash file", _hash_file(exported, hashed, found, held), f"{hashed} gives the file the hash that was signed"
        ),
    )


def manifest_of(exported: Exported) -> str:
    """What it is called."""
    return next((name for name, digest in exported.files.items() if digest == exported.manifest), MANIFEST)


def _changed(wanted: Mapping[str, str], held: Mapping[str, str]) -> Iterator[Told]:
    for name, digest in wanted.items():
        if name not in held:
            yield Verdict.FAIL, f"{name} is missing"
        elif held[name] != digest:
            yield Verdict.FAIL, f"{name} was changed"


def _hash_file(exported: Exported, name: str, found: Mapping[str, bytes], held: Mapping[str, str]) -> Iterator[Told]:
    yield from _changed({name: exported.files.get(name, held.get(name, ""))}, held)
    if name in found and not hash_file_says(found[name], exported):
        yield Verdict.FAIL, f"{name} gives another hash than the one that was signed"


# -- the totals ------------------------------------------------------------------------------------------------------


def totals(run: PayrollRun, manifest: bytes | None, file: bytes | None) -> Proof:
    """What the manifest, the file and the record come to, beside the control totals that were signed."""
    if run.frozen is None:
        return Proof("totals", Verdict.UNKNOWN, "nothing is frozen")
    signed = run.frozen.totals
    fine = f"{counted(signed.entries, 'payment')} over {signed.net:,.2f}, in the manifest and in the file"
    return proof("totals", _off_totals(run, run.frozen, manifest, file), fine)


def _off_totals(run: PayrollRun, frozen: Frozen, manifest: bytes | None, file: bytes | None) -> Iterator[Told]:
    signed = frozen.totals
    if manifest is None or file is None:
        yield Verdict.UNKNOWN, "the manifest and the file cannot both be read here"
    if manifest is not None:
        try:
            entries = read_entries(manifest)
        except ValueError as error:
            yield Verdict.FAIL, f"the manifest cannot be read: {error}"
        else:
            own = control_totals([_payment(run.concert_id, *entry) for entry in entries])
            same = ("entries", "musicians", "net", "hash_total")
            if off := [name for name in same if getattr(own, name) != getattr(signed, name)]:
                yield Verdict.FAIL, f"the manifest's {', '.join(off)} are not what was signed".replace("_", " ")
    if file is not None:
        try:
            rows, net = _file_totals(file)
        except (ArithmeticError, KeyError, TypeError, ValueError, csv.Error) as error:
            yield Verdict.FAIL, f"the file cannot be read: {type(error).__name__}"
        else:
            if (rows, net) != (signed.entries, signed.net):
                yield Verdict.FAIL, f"the file holds {counted(rows, 'payment')} over {net:,.2f}, not what was signed"
    recorded = run.recorded
    if recorded is not None and (recorded.entries, recorded.net) != (signed.entries, signed.net):
        yield (
            Verdict.FAIL,
            f"recorded were {counted(recorded.entries, 'payment')} over {recorded.net:,.2f}, not what was signed",
        )


def _payment(concert_id: str, musician_id: str, net: Decimal) -> Payment:
    return Payment(concert_id, musician_id, None, None, None, None, None, net, None)


def _file_totals(file: bytes) -> tuple[int, Decimal]:
    rows, net = 0, Decimal(0)
    for row in csv.DictReader(io.StringIO(file.decode(ENCODING), newline=""), delimiter=DELIMITER):
        rows, net = rows + 1, _WIDE.add(net, Decimal(row["net_amount"]))
    return rows, net


# -- Supabase --------------------------------------------------------------------------------------------------------


def supabase(run: PayrollRun, signed: Entries | None, rows: Iterable[Mapping[str, Scalar]]) -> Proof:
    """By every payment of the concert that Supabase holds. `signed` is None where it is not known who they are."""
    recorded = run.recorded
    if recorded is None:
        return Proof("Supabase", Verdict.UNKNOWN, "not recorded")
    held = tuple(rows)
    if signed is None:
        return Proof("Supabase", Verdict.UNKNOWN, "neither the manifest nor the archive tells here who was paid")
    if not held:
        return Proof("Supabase", Verdict.UNKNOWN, "it shows no payment of the concert: a policy may hide them")
    fine = f"{counted(len(signed), 'payment')} over {recorded.net:,.2f} paid on {recorded.date}"
    return proof("Supabase", _unlike(recorded.date, signed, held), fine)


def _unlike(paid_on: date, signed: Entries, held: Sequence[Mapping[str, Scalar]]) -> Iterator[Told]:
    amounts = dict(signed)
    times = Counter(str(row["musician_id"]) for row in held)
    mine = [row for row in held if str(row["musician_id"]) in amounts]
    found = {
        "are not there": [musician for musician in amounts if not times[musician]],
        "are there several times": [musician for musician in amounts if times[musician] > 1],
        "are not paid": [str(row["musician_id"]) for row in mine if row["paid"] is not True],
        f"are not paid on {paid_on}": [
            str(row["musician_id"]) for row in mine if row["paid"] is True and day_of(row["payment_date"]) != paid_on
        ],
        "have another amount": [
            str(row["musician_id"]) for row in mine if row["net_amount"] != amounts[str(row["musician_id"])]
        ],
    }
    for words, musicians in found.items():
        if musicians:
            yield Verdict.FAIL, f"{len(musicians)} of the signed payments {words}: {_listed(musicians)}"
    others = [str(row["musician_id"]) for row in held if row["paid"] is True and str(row["musician_id"]) not in amounts]
    if others:
        yield Verdict.WARN, f"{counted(len(others), 'payment')} beyond what was signed paid as well: {_listed(others)}"


def _listed(musicians: Sequence[str]) -> str:
    return "musician " + ", ".join(musicians[:5]) + (", …" if len(musicians) > 5 else "")


# -- the archive -----------------------------------------------------------------------------------------------------


def archive(run: PayrollRun, found: Frozen) -> Proof:
    """By what the clone holds of the concert now."""
    assert run.archived is not None
    archived, signed = run.archived, run.frozen
    if signed is None:
        return Proof("archive", Verdict.UNKNOWN, "nothing is frozen that it could be compared with")
    if found.fingerprint != signed.fingerprint:
        words = f"{archived.table} is not what was signed: {difference(signed, found)}"
        return Proof("archive", Verdict.FAIL, words)
    if not archived.alike:
        words = f"{archived.table} was not what was signed when it was made; somebody has changed it since"
        return Proof("archive", Verdict.FAIL, words)
    return Proof("archive", Verdict.OK, f"{archived.table} ({archived.kind}) is what was signed")


def lost(run: PayrollRun) -> Proof:
    """Of an archive that is not there."""
    assert run.archived is not None
    gone = f"{run.archived.table} is gone, or this role may not see it"
    if run.archived.kind == "transient":
        gone += "; it was transient, and without Fail-safe: UNDROP brings it back within a day at most"
    return Proof("archive", Verdict.FAIL, gone)
