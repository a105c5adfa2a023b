"""Which tables the weekly backup clones."""

from __future__ import annotations

from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import Settings
from gcms_tui.operations.scd2.tables import Scd2Tables


class BackupTables:
    """Those that the settings name; else every SCD2 table and the table that payroll is paid from."""

    def __init__(self, settings: Settings, scd2: Scd2Tables) -> None:
        self._settings = settings
        self._scd2 = scd2

    def all(self) -> tuple[Relation, ...]:
        """In the order of their names. Raises `Refused` (guard `tables`) where one of them cannot be told by name,
        `GcmsError` where nothing names any."""
        named = self._settings.backups.tables or (*self._versioned(), self._settings.payroll.fact)
        once: list[Relation] = []
        for table in named:
            if not any(table.may_be(other) for other in once):
                once.append(table)
        return tuple(sorted(once, key=str))

    def _versioned(self) -> tuple[Relation, ...]:
        found = []
        for listed in self._scd2.listed():
            try:
                found.append(Relation.parse(listed.table))
            except ValueError:
                raise Refused(
                    "A table that cannot be backed up",
                    f"{listed.name}: {listed.problem or 'its schema is not known'}.",
                    "Name what is to be backed up: tables under [backups] in gcms.toml.",
                    guard="tables",
                ) from None
        return tuple(found)


def parsed(text: str, *, schema: str | None = None) -> Relation:
    """What a person calls a table or a backup. Raises `UsageError`."""
    try:
        return Relation.parse(text.strip(), schema=schema)
    except ValueError as error:
        raise UsageError("Not a table", f"{error}.", "gcms-tui backup list names what there is.") from None
