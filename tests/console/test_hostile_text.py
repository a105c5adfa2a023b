"""Whatever a row, a log or an error holds, it is shown as data and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.glyphs import ASCII, UNICODE, Glyphs
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import Evidence, Finding, HealthReport, Point, Provenance
from gcms_tui.core.verdict import Verdict
from tests.console.driving import drawn, settled
from tests.console.small_platform import NOON, Examiner, services

HOSTILE = (
    "[/b]",
    "[@click=app.quit]x[/]",
    "[red]red[/red]",
    "cols [a], [b]",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "one\ntwo\r\nthree\ttabbed",
    "👩‍👩‍👧‍👦 🇨🇭 ✈️ é",
    "\u202etxt.exe\u202c שלום עולם",
    "漢字かな",
    "\x00\x07\x9b31m\u200b",
    "x" * 10_000,
    "",
)


class Hostile(Examiner):
    """Answers with `text` wherever a text may stand."""

    def series(self, name: str) -> tuple[Point, ...]:
        return tuple(Point(NOON, Verdict.OK, value) for value in ("x", None, float("nan"), float("inf"), True, 3))


def hostile(text: str) -> Finding:
    return Finding(
        name=f"{text}.name",
        section=text,
        verdict=Verdict.FAIL,
        summary=text,
        taken_at=NOON,
        value=text,
        unit=text,
        target=text,
        alert=text,
        provenance=(Provenance(text, text, (text, None, 1), text),),
        evidence=Evidence((text, "b"), ((text, None), (None, text), (text,)), 3),
        next_step=text,
    )


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
async def test_the_console_lives_and_shows_it_as_data(state: Path, ascii: bool) -> None:  # noqa: A002
    answers = [hostile(text) for text in HOSTILE]
    examiner = Hostile(answers)
    everything = " ".join(HOSTILE)
    last = HealthReport(everything, NOON, tuple(answers))
    app = ConsoleApp(
        services(state, examiner, last=last, ascii=ascii, notice=everything, target=everything, sandbox=False)
    )
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        pane = await settled(pilot, examiner)
        seen = drawn(app)
        for answer in answers:
            pane.board.cursor = answer.name
            app.tell(answer.summary, title=answer.summary, warning=True)
            await pilot.pause()
            seen += drawn(app)
            await pilot.press("p")
            seen += drawn(app)
            await pilot.press("escape")
            app.clear_notifications()
        for key in ("enter", "question_mark", "escape", "colon", "escape", "slash", "["):
            await pilot.press(key)
            seen += drawn(app)
        await pilot.press("escape")
        examiner.error = Unavailable(everything, everything, everything)
        await pilot.press("r")
        await settled(pilot, examiner, looks=2)
        seen += drawn(app)
        await pilot.press("escape")
        seen += drawn(app)
        assert app.is_running and app.return_code is None
    for text in ("[/b]", "[@click=app.quit]x[/]", "[red]red[/red]", "cols [a], [b]"):
        assert text in seen, "markup is shown as the letters that it is"
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii


async def test_no_configuration_told_with_any_words(state: Path) -> None:
    everything = "\n".join(HOSTILE)
    app = ConsoleApp(services(state, config_error=Unavailable(everything, everything, everything)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c", "1", "colon", "escape", "question_mark", "escape")
        assert "gcms-tui doctor" in drawn(app)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_text_is_one_line_without_control(glyphs: Glyphs, text: str) -> None:
    shown = glyphs.text(text, 60)
    assert len(shown) <= 60 and "\n" not in shown and "\x1b" not in shown
    assert not glyphs.ascii or shown.isascii()


def test_ascii_keeps_what_has_a_counterpart() -> None:
    assert ASCII.text("Dvořák — naïve…") == "Dvorak ? naive~"
    assert UNICODE.text("Dvořák — naïve…") == "Dvořák — naïve…"
