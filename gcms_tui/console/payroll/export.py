"""Step 5: what will be written, where, and the prepared file with its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from gcms_tui.console.payroll.act import ActDialog
from gcms_tui.console.payroll.person_words import run_lines, totals_lines
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import done_line
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.payroll.export_file import file_name
from gcms_tui.core.payroll.run import PayrollRun

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk

_XLSX, _PARQUET = "xlsx", "parquet"


@dataclass(frozen=True, slots=True)
class ToExport:
    run: PayrollRun
    table: str


class ExportDialog(ActDialog[ToExport]):
    """Nothing of it leaves this host: three people sign the file before it is released."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "format('xlsx')", "XLSX too", id="export.xlsx", tooltip="Write a spreadsheet beside the CSV"),
        Binding("k", "format('parquet')", "Parquet too", id="export.parquet", tooltip="Write Parquet beside the CSV"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        def make() -> ToExport:
            # Nothing is shown that could not be done: the console would promise a file.
            found = desk.book.get(run.run_id)
            desk.required_bench()
            return ToExport(found, run.fact)

        super().__init__(services, look, desk, make, "Export payroll data", act="Prepare the file")
        self.further: tuple[str, ...] = ()

    def words_of(self, made: ToExport) -> str:
        return ""

    def asked(self, made: ToExport) -> tuple[Input, ...]:
        return ()

    def shown(self, made: ToExport, width: int) -> list[Text]:
        run, look, settings = made.run, self.look, self.services.settings
        lines = run_lines(run, look, width)
        place = settings.payroll.prepared_dir or settings.state_dir / "payroll" / "prepared"
        lines += labelled("directory", str(place), look, width)
        name = file_name(run.concert_id, run.concert_date, run.run_id)
        lines += labelled("file", name, look, width, f"bold {look.palette.strong}")
        lines += labelled("beside it", ", ".join((f"{name}.sha256", "manifest.json")), look, width)
        for key, kind in (("x", _XLSX), ("k", _PARQUET)) if not self.over else ():
            said = "yes, beside the CSV, which is what is signed" if kind in self.further else f"no; {key} adds it"
            lines += labelled(kind, said, look, width)
        if run.frozen is not None:
            lines += [Text(), heading("What it will hold, as it was tested", look)]
            lines += totals_lines(run.frozen.totals, look, width)
            lines += labelled("fingerprint", run.frozen.fingerprint, look, width)
        if self.over:
            return lines
        if run.exported is not None:
            said = f"{run.exported.file} was prepared before: it is replaced, and signatures on it no longer count."
            lines += [Text(), *flow(Text(look.glyphs.text(said, 300), look.palette.warn), width - 1, " ")]
        said = "The data is read again: were it not what was tested nothing is written, and the tests fall."
        return [*lines, Text(), *flow(Text(said, look.palette.muted), width - 1, " ")]

    def do(self, made: ToExport, typed: str, reason: str) -> PayrollRun:
        return self.desk.required_bench().exporting.export(made.run.run_id, further=self.further, on_step=self.step)

    def told(self, outcome: PayrollRun, width: int) -> list[Text]:
        exported, look = outcome.exported, self.look
        lines = done_line("PREPARED, for its owner alone", look, width)
        if exported is None:
            return lines
        lines += labelled("file", exported.file, look, width, f"bold {look.palette.strong}")
        lines += labelled("sha-256", exported.sha256, look, width, f"bold {look.palette.strong}")
        lines += labelled("in", f"{exported.directory} on {exported.host}", look, width)
        size = exported.said.get("bytes")
        lines += labelled("bytes", f"{size:,}", look, width) if isinstance(size, int) else []
        lines += [Text(), heading("Files", look, len(exported.files))]
        for name, digest in exported.files.items():
            lines += flow(Text(look.glyphs.text(f"{name}  {digest}", 400), look.palette.muted), width - 1, " ")
        said = "Next: three different people sign this file, by its hash. With the third it is released."
        return [*lines, Text(), *flow(Text(said, look.palette.text), width - 1, " ")]

    # -- further formats --------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        if action == "format":
            return (
                None if self.made is not None and not self.over and not self.writing else "there is nothing to choose"
            )
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "format" or super().pointless(action)

    def action_format(self, kind: str) -> None:
        chosen = set(self.further) ^ {kind}
        self.further = tuple(one for one in (_XLSX, _PARQUET) if one in chosen)
        self.retell()
