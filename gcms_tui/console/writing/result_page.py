"""How a write gets on, how it ended, and what proves it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.widgets.run_list import progress_text
from gcms_tui.console.writing.carrying_out import Failure, refused
from gcms_tui.console.writing.plan_page import heading, labelled, refusal_page, symbol
from gcms_tui.core.conclusion import counted
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.core.writing.plan import PlanKind
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

NOT_BROKEN_OFF = "A write is not broken off halfway: it ends in seconds."

_ELSEWHERE = "What was written is sound; the tests look at the whole table, and other keys may not be."


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known so far of the verification of a write, or of a batch of them."""

    keys: Mapping[str, KeyCheck | str] = field(default_factory=dict)
    """By the id of the write; a text says why its key could not be looked at."""
    run_id: str = ""
    """The test run's."""
    progress: Progress | None = None
    tests: TestCheck | None = None
    note: str = ""


def steps_page(steps: Sequence[str], seconds: int, look: Look, width: int) -> list[Text]:
    """A write under way."""
    palette, glyphs = look.palette, look.glyphs
    lines = [
        Text(f" Writing, {seconds} s so far", f"bold {palette.warn}"),
        Text(f" {NOT_BROKEN_OFF}", palette.muted),
        Text(),
    ]
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        mark = Text(f" {glyphs.arrow if last else symbol(Verdict.OK, look)} ", palette.accent if last else palette.ok)
        lines += pair(mark, Text(glyphs.text(step, 300), palette.strong if last else palette.muted), width)
    return lines


def ended_page(ended: Ended, proof: Proof, taken_back: str, look: Look, width: int) -> list[Text]:
    """Applied, or in doubt. `taken_back`: by which write."""
    if ended.outcome is Outcome.IN_DOUBT:
        return in_doubt_page((ended.write_id,), ended.note, look, width)
    palette, plan = look.palette, ended.plan
    word = f"{symbol(Verdict.OK, look)} APPLIED"
    lines = [Text(f" {word}: {counted(plan.rows, 'row')} written, exactly as planned", f"bold {palette.ok}")]
    lines += labelled("write", ended.write_id, look, width)
    lines += labelled("backup", ended.backup or "none", look, width)
    if ended.note:
        lines += flow(
            Text(f"{symbol(Verdict.WARN, look)} {look.glyphs.text(ended.note, 600)}", palette.warn), width - 1, " "
        )
    lines += [Text(), *proof_lines((ended,), proof, look, width)]
    lines += [Text(), *flow(Text(_what_next(ended, taken_back), palette.text), width - 1, " ")]
    return lines


def in_doubt_page(write_ids: Sequence[str], note: str, look: Look, width: int) -> list[Text]:
    palette = look.palette
    word = f"{symbol(Verdict.UNKNOWN, look)} IN DOUBT"
    lines = [Text(f" {word}: it may have been written, or not", f"bold {palette.unknown}"), Text()]
    for write_id in write_ids:
        lines += labelled("write", write_id, look, width)
    lines += flow(Text(look.glyphs.text(note, 1_000), palette.text), width - 1, " ") if note else []
    said = "Do not write it again. Pane 6 shows it first: Enter there looks at the rows, and says what became of it."
    return [*lines, Text(), heading("What to do", look), *flow(Text(said, palette.text), width - 1, " ")]


def failure_page(failure: Failure, look: Look, width: int) -> list[Text]:
    """Refused, broken before COMMIT, or in doubt: by what the journal says."""
    palette, error = look.palette, failure.error
    if failure.in_doubt:
        return in_doubt_page(failure.in_doubt, f"{error.title}: {error.message}", look, width)
    if failure.unseen:
        said = f"The journal cannot be read ({failure.unseen}): nobody knows whether anything was written."
        page = in_doubt_page((), f"{error.title}: {error.message}", look, width)
        return [*page, Text(), *flow(Text(look.glyphs.text(said, 600), palette.unknown), width - 1, " ")]
    if refused(failure):
        lines = refusal_page(error, look, width)
    else:
        word = f"{symbol(Verdict.FAIL, look)} NOT APPLIED"
        lines = [Text(f" {word}: nothing was written", f"bold {palette.fail}"), Text(), *error_page(error, look, width)]
    again = (
        "The plan is used up; r plans again." if failure.used else "The plan still holds: it can be confirmed again."
    )
    return [*lines, Text(), *flow(Text(again, palette.muted), width - 1, " ")]


def proof_lines(applied: Sequence[Ended], proof: Proof, look: Look, width: int) -> list[Text]:
    """What proves writes to one table: of one its key in full, of many how many are sound and which are not."""
    if len(applied) == 1:
        found = proof.keys.get(applied[0].write_id)
        keys = _key_lines(found, look, width)
    else:
        keys = _many_keys_lines(applied, proof, look, width)
    lines = [heading("Proof", look), *keys, *_test_lines(applied, proof, look, width)]
    if proof.note:
        note = Text(f"{symbol(Verdict.WARN, look)} {look.glyphs.text(proof.note, 600)}", look.palette.warn)
        lines += flow(note, width - 1, " ")
    return lines


def _key_lines(found: KeyCheck | str | None, look: Look, width: int) -> list[Text]:
    if found is None:
        return labelled("key", "being looked at", look, width, look.palette.muted)
    if isinstance(found, str):
        return _verdict("key", Verdict.UNKNOWN, f"could not be looked at: {found}", look, width)
    return _verdict("key", found.verdict, found.words, look, width)


def _many_keys_lines(applied: Sequence[Ended], proof: Proof, look: Look, width: int) -> list[Text]:
    found = [(one.plan.subject, proof.keys[one.write_id]) for one in applied if one.write_id in proof.keys]
    if len(found) < len(applied):
        said = f"{len(found)} of {len(applied)} looked at"
        lines = labelled("keys", said, look, width, look.palette.muted)
    else:
        sound = sum(_of(key) is Verdict.OK for _, key in found)
        lines = _verdict(
            "keys", worst(_of(key) for _, key in found), f"{sound} of {len(applied)} are sound", look, width
        )
    for subject, key in found:
        if _of(key) is not Verdict.OK:
            said = f"could not be looked at: {key}" if isinstance(key, str) else key.words
            lines += _verdict("", _of(key), f"{subject}: {said}", look, width)
    return lines


def _of(found: KeyCheck | str | None) -> Verdict:
    return found.verdict if isinstance(found, KeyCheck) else Verdict.UNKNOWN


def _test_lines(applied: Sequence[Ended], proof: Proof, look: Look, width: int) -> list[Text]:
    if proof.tests is not None:
        run = f"  (run {proof.tests.run_id})" if proof.tests.run_id else ""
        lines = _verdict("tests", proof.tests.verdict, f"{proof.tests.words}{run}", look, width)
        sound = all(_of(proof.keys.get(one.write_id)) is Verdict.OK for one in applied)
        elsewhere = proof.tests.verdict is Verdict.FAIL and sound
        return [*lines, *labelled("", _ELSEWHERE, look, width, look.palette.muted)] if elsewhere else lines
    if not proof.run_id:
        return labelled("tests", "come next: dbt is asked which there are", look, width, look.palette.muted)
    said = progress_text(proof.progress, look).append(
        f"  run {proof.run_id}; Esc leaves it running", look.palette.muted
    )
    return pair(Text(f" {'tests':<12}", look.palette.faint), said, width)


def _verdict(label: str, verdict: Verdict, words: str, look: Look, width: int) -> list[Text]:
    said = Text.assemble((look.glyphs.verdict(verdict), f"bold {look.colour(verdict)}"))
    said.append(f"  {look.glyphs.text(words, 600)}", look.palette.text)
    return pair(Text(f" {label:<12}", look.palette.faint), said, width)


def _what_next(ended: Ended, taken_back: str) -> str:
    if taken_back:
        return f"It was taken back by {taken_back}."
    if ended.plan.kind is PlanKind.UNDO:
        return "What was there before is there again, its defects included."
    return "u plans taking it back, for as long as the key is exactly as it was left."
