"""What is wrong in an SCD2 table, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gcms_tui.core.conclusion import Conclusion, counted, unknown, whole
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.verdict import Verdict

DEFECTS: Mapping[str, tuple[str, str]] = {
    "duplicate_current_keys": ("key with more than one current version", "keys with more than one current version"),
    "no_current_keys": ("key without a current version", "keys without a current version"),
    "null_keys": ("version without a key", "versions without a key"),
    "null_flags": ("version without a flag", "versions without a flag"),
    "null_ids": ("version without an id", "versions without an id"),
    "null_begins": ("version without a beginning", "versions without a beginning"),
    "rows_sharing_scd_id": ("version whose id another one has", "versions whose id another one has"),
    "inverted": ("version that ends before it begins", "versions that end before they begin"),
    "current_but_closed": ("current version that has ended", "current versions that have ended"),
    "closed_but_open": ("past version that has no end", "past versions that have no end"),
    "overlaps": ("version that overlaps an earlier one", "versions that overlap an earlier one"),
}
"""Result columns of the `scd2_integrity` queries that have to be 0, and their words for one and for several."""

_NEXT = (
    "Runbook, Emergency Procedures, SCD2 Corruption: hold payroll, decide per key which version is the right one, "
    "close the others, verify, and look for colliding dbt runs as the cause."
)


def judge_scd2(
    table: str, row: Mapping[str, Scalar], sample: Sequence[Mapping[str, Scalar]] | None
) -> tuple[Conclusion, int | None]:
    """The conclusion and the number of keys with duplicate current versions, None where that is unknown.

    `sample` holds rows of `scd2_duplicate_keys_sample`, None where it was not asked.
    """
    rows = whole(row["row_count"])
    if rows == 0:
        return unknown(
            f"{table} holds no versions at all",
            f"Runbook, Troubleshooting, SCD2 model shows no changes: look at the source and at the last runs of "
            f"{table}; no full refresh, it would lose the history.",
        ), None
    counts = {name: whole(row[name]) for name in DEFECTS}
    duplicates, found = counts["duplicate_current_keys"], {name: n for name, n in counts.items() if n}
    if not found:
        summary = f"{table}: {counted(rows, 'version')} of {counted(whole(row['key_count']), 'key')}, no defect"
        return Conclusion(Verdict.OK, summary, value=0, unit="duplicates"), 0
    defects = "; ".join(counted(number, *DEFECTS[name]) for name, number in found.items())
    return Conclusion(
        Verdict.FAIL,
        f"{table}: {defects}",
        value=duplicates,
        unit="duplicate" if duplicates == 1 else "duplicates",
        evidence=_evidence(found, sample or ()),
        next_step=_NEXT,
    ), duplicates


def _evidence(found: Mapping[str, int], sample: Sequence[Mapping[str, Scalar]]) -> Evidence:
    """The duplicate keys where there are any, else the classes of defects."""
    if sample:
        columns = ("natural_key", "current_count", "distinct_ids", "scd_ids")
        rows = [tuple(record[column] for column in columns) for record in sample]
        return Evidence.of(columns, rows, whole(sample[0]["total_keys"]))
    return Evidence.of(("defect", "count"), [(name, number) for name, number in found.items()])
