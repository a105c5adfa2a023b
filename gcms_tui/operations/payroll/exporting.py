"""Step 5: the prepared file, which is exactly what was frozen, with its hash and its manifest."""

from __future__ import annotations

from collections.abc import Callable

from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.ports import PayrollFiles
from gcms_tui.operations.ports import Clock

FORMATS = ("xlsx", "parquet")
"""What may be written beside the CSV, which is what is signed."""


class Exporting:
    """Blocking I/O."""

    def __init__(
        self,
        settings: PayrollSettings,
        *,
        book: Payrolls,
        reader: PaymentReader,
        files: PayrollFiles,
        version: str,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._book = book
        self._reader = reader
        self._files = files
        self._version = version
        self._clock = clock

    def export(
        self, run_id: str, *, further: tuple[str, ...] = (), on_step: Callable[[str], None] = lambda _: None
    ) -> PayrollRun:
        """Write the prepared CSV, `.sha256` and `manifest.json`, and `further` of `FORMATS`.

        Raises `Refused`: guards `data_changed`, `email` (one that is missing, looks masked or is repeated, naming the
        musicians' ids), `place`, and the gates; `StateError` where it cannot be written: then no file is left.
        """
        raise NotImplementedError
