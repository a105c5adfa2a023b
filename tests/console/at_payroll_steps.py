"""Payroll at a terminal, from the spot check on: each dialog as a person goes through it, line by line."""

from __future__ import annotations

import re

from tests.console.at_payroll import at_step, step_is, to_line
from tests.console.at_terminal import BACK_TAB, ENTER, ESC, TAB, agree, drawn, read, shown, typing_at, without
from tests.terminal import Terminal

BACKSPACE = "\x7f"
REASON = "as the runbook has it"
_SHA256 = re.compile(r"sha-256 +([0-9a-f]{64})")


def begun(terminal: Terminal, number: int, *texts: str) -> None:
    """A step is gone to, and its dialog is there to be read."""
    at_step(terminal, number)
    terminal.send(ENTER)
    shown(terminal, "[ Cancel ]", *texts)
    read(terminal)


def typed(terminal: Terminal, placeholder: str, words: str) -> None:
    """Into the line that has the focus by now. What is typed is seen before any other key: see how it is read."""
    typing_at(terminal, placeholder)
    terminal.send(words)
    typing_at(terminal, words)


def answered(terminal: Terminal, answer: str) -> None:
    """Enter behind the last line leads to the answer; there it is given."""
    terminal.send(ENTER)
    shown(terminal, f"[ {answer} ]")
    read(terminal)
    terminal.send(ENTER)
    without(terminal, f"[ {answer} ]")


def one_line(terminal: Terminal, placeholder: str, words: str, answer: str) -> None:
    """A dialog that asks for one line."""
    terminal.send(TAB)
    typed(terminal, placeholder, words)
    answered(terminal, answer)


def confirmed(terminal: Terminal, words: str, answer: str) -> None:
    """A dialog that asks for a confirmation, and for a reason."""
    terminal.send(TAB)
    typed(terminal, "the confirmation, typed", words)
    terminal.send(ENTER)
    typed(terminal, "why it is done", REASON)
    answered(terminal, answer)


def confirmed_at_last(terminal: Terminal, words: str, answer: str) -> None:
    """As `confirmed`, with a letter too many at first: that leads to no answer, and is put right."""
    terminal.send(TAB)
    typed(terminal, "the confirmation, typed", f"{words}0")
    terminal.send(ENTER)
    typed(terminal, "why it is done", REASON)
    no_answer(terminal, f"type  {words}  to confirm", answer)
    terminal.send(BACK_TAB)
    typing_at(terminal, f"{words}0")
    terminal.send(BACKSPACE)
    shown(terminal, "Tab to the answer, then Enter")
    terminal.send(ENTER)
    typing_at(terminal, REASON)
    answered(terminal, answer)


def ended(terminal: Terminal, *texts: str) -> str:
    """It was done; answers what is told of it, and closes that."""
    shown(terminal, "How it ended", "[ Close ]", *texts)
    drawn(terminal)
    told = terminal.text()
    terminal.send(ENTER)
    without(terminal, "How it ended")
    return told


def gate_closed(terminal: Terminal, number: int, *texts: str) -> None:
    """The step is refused, in these words; nothing of it is asked."""
    at_step(terminal, number)
    terminal.send(ENTER)
    shown(terminal, "What to do", *texts)
    drawn(terminal)
    assert "[ Cancel ]" not in terminal.text()
    left(terminal, "What to do")


def no_answer(terminal: Terminal, words: str, answer: str) -> None:
    """Enter behind the last line leads to no answer: these words say what stands against it."""
    terminal.send(ENTER)
    drawn(terminal)
    shown(terminal, words)
    assert f"[ {answer} ]" not in terminal.text()


def left(terminal: Terminal, text: str) -> None:
    """Esc leads out of what says this."""
    terminal.send(ESC)
    without(terminal, text)


# -- holds -----------------------------------------------------------------------------------------------------------


def lifting(terminal: Terminal) -> None:
    """The only hold is about to be lifted, and why is said."""
    terminal.send("h")
    shown(terminal, "Payroll is held", "l Lift")
    read(terminal)
    terminal.send("l")
    shown(terminal, "Lift a hold", "lifted by", "[ Cancel ]")
    read(terminal)
    one_line(terminal, "why payroll may go on", REASON, "Lift it")


# -- the spot check --------------------------------------------------------------------------------------------------


def at_rows(terminal: Terminal, number: int) -> None:
    """In the spot check, its rows drawn."""
    at_step(terminal, 4)
    terminal.send(ENTER)
    shown(terminal, "4 Spot check", f"of {number} rows looked at")


def at_row(terminal: Terminal, row: str) -> None:
    to_line(terminal, lambda line: line[12:].split()[:1] == [row])


def noted(terminal: Terminal, key: str, placeholder: str, note: str) -> None:
    """Something is asked about the focused row, or answered."""
    terminal.send(key)
    shown(terminal, "Write it into the journal")
    read(terminal)
    typed(terminal, placeholder, note)
    answered(terminal, "Write it into the journal")


def ticked(terminal: Terminal, number: int) -> None:
    """From the focused row on, so many that nobody has looked at; typed ahead of what is written down."""
    terminal.send(" n" * number)


def revealed(terminal: Terminal) -> None:
    terminal.send("v")
    shown(terminal, "Reveal personal data", "[ Keep it masked ]")
    agree(terminal, "Reveal, and record it")
    shown(terminal, "REVEALED")


# -- the file and after ----------------------------------------------------------------------------------------------


def exported(terminal: Terminal) -> str:
    """Answers the file's hash, as it is told."""
    begun(terminal, 5, "Prepare the file", "What it will hold, as it was tested")
    agree(terminal, "Prepare the file")
    said = ended(terminal, "PREPARED")
    step_is(terminal, 5, "passed")
    return hash_told(said)


def hash_told(text: str) -> str:
    (found,) = set(_SHA256.findall(text))
    return str(found)


def signed(terminal: Terminal, concert_id: str, *texts: str) -> str:
    """By whoever acts; answers what is told of it."""
    begun(terminal, 6, "Sign-off", f"type  {concert_id}  to confirm")
    one_line(terminal, "the confirmation, typed", concert_id, "Sign")
    return ended(terminal, "SIGNED as", *texts)


def planned_payment(terminal: Terminal, day: str, concert_id: str) -> None:
    """Nothing is written: the plan of recording on this day is shown."""
    at_step(terminal, 7)
    terminal.send(ENTER)
    shown(terminal, "When was it paid?")
    read(terminal)
    typed(terminal, "YYYY-MM-DD", day)
    answered(terminal, "Plan it")
    shown(terminal, "Record as paid", f"type  {concert_id}  to confirm", "[ Cancel ]")
    read(terminal)


def archived_beside_another(terminal: Terminal, concert_id: str) -> None:
    """Another table has the day's name; the suffix that is offered is planned with."""
    begun(terminal, 8, "REFUSED by the guard name_taken")
    terminal.send(TAB)
    typing_at(terminal, f" {concert_id} ")
    terminal.send(ENTER)
    shown(terminal, f"type  {concert_id}  to confirm")
    read(terminal)
    confirmed(terminal, concert_id, "Archive")
    ended(terminal, "DONE", "It is what was signed")
    step_is(terminal, 8, "passed")


def logged(terminal: Terminal, exceptions: str) -> None:
    """The run is closed."""
    begun(terminal, 9, "The log, as it will stand")
    one_line(terminal, 'exceptions: what was out of the ordinary, or "none"', exceptions, "Write it, and close the run")
    ended(terminal, "CLOSED")
    step_is(terminal, 9, "passed")
