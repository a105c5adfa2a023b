"""Reads SCD2 tables, their keys and the versions of one, off the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.scd2.pages import KeyPage, KeyRow
from gcms_tui.console.scd2.words import DUPLICATES
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from datetime import datetime

    from gcms_tui.console.scd2.pages import Start
    from gcms_tui.core.scd2.scan import GroupOrder, TableScan
    from gcms_tui.core.scd2.table import InForce
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.tables import Listed


@dataclass
class TablesListed(Message):
    """Which tables there are."""

    desk: Scd2Desk
    tables: tuple[Listed, ...]


@dataclass
class TableScanned(Message):
    """What one scan has found, or why it failed."""

    name: str
    found: TableScan | GcmsError
    in_force: InForce | None


class TablesSource:
    """Its methods block: one thread at a time."""

    def __init__(self, open_scd2: Callable[[], Scd2Desk]) -> None:
        self._open = open_scd2

    def tables(self) -> TablesListed:
        """Raises `GcmsError` where nothing names any."""
        desk = self._open()
        return TablesListed(desk, desk.browser.tables())

    def scan(self, desk: Scd2Desk, name: str) -> TableScanned:
        try:
            scan = desk.browser.scan(name)
            return TableScanned(name, scan, desk.browser.in_force(name, scan.closed))
        except GcmsError as error:
            return TableScanned(name, error, None)
        except Exception as error:  # noqa: BLE001 (told as this table's failure; the others are still to be scanned)
            from gcms_tui.console.pane import unexpected

            return TableScanned(name, unexpected(error), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which keys are gone through, and how."""

    defect: str
    order: GroupOrder
    containing: str = ""


@dataclass
class KeysRead(Message):
    """One page of keys."""

    asked: Asked
    number: int
    """From 0."""
    page: KeyPage


class KeysSource:
    """Pages of one table's keys. Its methods block: one thread at a time."""

    def __init__(self, desk: Scd2Desk, name: str, now: Callable[[], datetime]) -> None:
        self._browser = desk.browser
        self._name = name
        self._now = now

    def read(self, asked: Asked, number: int, start: Start) -> KeysRead:
        """The page of that number, which begins behind `start`. Raises `GcmsError`."""
        page = self._groups(asked, start) if asked.defect == DUPLICATES else self._defective(asked, start)
        return KeysRead(asked, number, page)

    def _groups(self, asked: Asked, start: Start) -> KeyPage:
        assert not isinstance(start, str)
        page = self._browser.groups(self._name, order=asked.order, containing=asked.containing, after=start)
        rows = tuple(
            KeyRow(
                row_key(group.natural_key),
                group.natural_key,
                group.current_count,
                group.newest_recorded_at,
                group.scd_ids,
                shared=group.distinct_ids < group.current_count,
            )
            for group in page.groups
        )
        return KeyPage(rows, page.after, page.taken_at, page.provenance)

    def _defective(self, asked: Asked, start: Start) -> KeyPage:
        assert start is None or isinstance(start, str)
        page = self._browser.defective(self._name, asked.defect, after=start)
        rows = tuple(KeyRow(row_key(key.natural_key), key.natural_key, key.rows) for key in page.keys)
        return KeyPage(rows, page.after, self._now(), page.provenance)


def row_key(natural_key: str) -> str:
    """A natural key may hold anything, also what a heading is called by."""
    return f"key {natural_key}"
