"""What a person sees before they sign: who they are here, the very text, who has signed, what was looked at. Pure."""

from __future__ import annotations

from rich.text import Text

from gcms_tui.console.payroll.person_words import by_text, money, run_lines, said_lines
from gcms_tui.console.payroll.variance import net_text, variance_lines
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.writing.plan_page import heading, labelled, symbol
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun, TickVerdict
from gcms_tui.core.payroll.variance import Variance
from gcms_tui.core.run import Person
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.sign_off import ToSign


def sign_page(to_sign: ToSign, person: Person, own: tuple[Role, ...], look: Look, width: int) -> list[Text]:
    """Before it is signed. `own`: the roles that the person may sign in."""
    run, role = to_sign.run, to_sign.role
    lines = run_lines(run, look, width)
    as_whom = f"{person.user}@{person.host}, as {role.named}: {role.says!r}"
    lines += labelled("you sign", as_whom, look, width, f"bold {look.palette.strong}")
    if to_sign.refusal:
        lines += said_lines(Verdict.FAIL, f"Not as {role.named}: {to_sign.refusal}", look, width)
    lists = ", ".join(one.named for one in own) or "none: you are on no list of gcms.toml"
    lines += labelled("your roles", f"{lists}; o shows another", look, width, look.palette.muted)
    lines += _file_lines(run, look, width)
    lines += _beside_last(to_sign.variance, look, width)
    lines += [Text(), heading("Who has signed", look), *signatures_lines(run, look, width)]
    lines += [Text(), heading("Spot check", look), *spot_check_lines(run, look, width)]
    lines += [Text(), heading("Beside the last payroll", look)]
    if to_sign.variance is None:
        lines += said_lines(Verdict.UNKNOWN, "It cannot be read just now: r looks again.", look, width)
    else:
        lines += variance_lines(to_sign.variance, look, width)
    lines += [Text(), heading("What you sign, word for word", look)]
    return [*lines, *_statement_lines(to_sign, look, width)]


def signed_page(to_sign: ToSign, look: Look, width: int) -> list[Text]:
    """Afterwards: what it was."""
    lines = [*run_lines(to_sign.run, look, width), *_file_lines(to_sign.run, look, width)]
    lines += [Text(), heading("What you have signed, word for word", look)]
    return [*lines, *_statement_lines(to_sign, look, width)]


def _statement_lines(to_sign: ToSign, look: Look, width: int) -> list[Text]:
    lines: list[Text] = []
    for line in look.glyphs.lines(to_sign.statement.rstrip("\n")):
        label, colon, said = line.partition(": ")
        told = Text(said, look.palette.strong) if colon else Text(line, look.palette.strong)
        lines += pair(Text(f"   {label}: " if colon else "   ", look.palette.muted), told, width)
    return lines


def _file_lines(run: PayrollRun, look: Look, width: int) -> list[Text]:
    """The file by its hash, and what it comes to."""
    lines: list[Text] = []
    if run.exported is not None:
        lines += labelled("file", run.exported.file, look, width)
        lines += labelled("sha-256", run.exported.sha256, look, width, f"bold {look.palette.strong}")
    if run.frozen is not None:
        totals = run.frozen.totals
        said = f"{counted(totals.entries, 'payment')} to {counted(totals.musicians, 'musician')}, net "
        lines += labelled("comes to", f"{said}{money(totals.net)}", look, width, f"bold {look.palette.strong}")
    return lines


def _beside_last(variance: Variance | None, look: Look, width: int) -> list[Text]:
    """The difference of the nets in one line; below it stands each figure."""
    if variance is None:
        said, style = "UNKNOWN: it cannot be read just now, r looks again", look.palette.unknown
    else:
        said, style = net_text(variance), look.palette.text
    return labelled("beside last", said, look, width, style)


def signatures_lines(run: PayrollRun, look: Look, width: int) -> list[Text]:
    """Each role, and who has signed in it."""
    lines: list[Text] = []
    for role in Role:
        given = run.signatures.get(role)
        if given is None:
            mark, said, style = look.glyphs.dot, "has not signed", look.palette.muted
        else:
            keyed = f", by the key {given.key}" if given.key else ", by login"
            mark, said, style = symbol(Verdict.OK, look), f"{by_text(given.by)}{keyed}", look.palette.text
        label = Text(f" {mark} {role.named:<14}", look.palette.ok if given else look.palette.muted)
        lines += pair(label, Text(look.glyphs.text(said, 300), style), width)
    return lines


def spot_check_lines(run: PayrollRun, look: Look, width: int) -> list[Text]:
    """How many rows, by whom, and every question with its answer; no name and no amount."""
    rows = len(run.sample or ())
    people = ", ".join(sorted({tick.by.person.user for tick in run.ticks.values()})) or "nobody"
    lines = flow(Text(look.glyphs.text(f"{counted(rows, 'row')} looked at, by {people}", 400)), width - 1, " ")
    for row, tick in run.ticks.items():
        if tick.verdict is not TickVerdict.OK:
            verdict = Verdict.FAIL if tick.verdict is TickVerdict.QUERY else Verdict.OK
            said = f"musician {row}, {tick.verdict.value} by {tick.by.person.user}: {tick.note}"
            lines += said_lines(verdict, said, look, width)
    return lines


def released_lines(run: PayrollRun, look: Look, width: int) -> list[Text]:
    """Where the file is now; empty where it has not been released."""
    released = run.released
    if released is None:
        return []
    lines = labelled("released", f"{released.directory} on {released.host}", look, width, f"bold {look.palette.strong}")
    lines += labelled("file", released.file, look, width)
    return [*lines, *labelled("sha-256", released.sha256, look, width)]
