"""Work that no signal ends halfway, nor the driver, which takes SIGINT for itself where it is on the main thread."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from gcms_tui.cli.undisturbed import AskedToStop, undisturbed
from gcms_tui.core.errors import Refused

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Came(BaseException):
    """A signal reached whoever handles it outside."""


@pytest.fixture(autouse=True, params=SIGNALS)
def number(request: pytest.FixtureRequest) -> int:
    """Whichever signal, it arrives as an exception."""

    def arrive(number: int, _: object) -> None:
        raise Came(number)

    before = {each: signal.signal(each, arrive) for each in SIGNALS}
    request.addfinalizer(lambda: [signal.signal(each, handler) for each, handler in before.items()])
    sent: int = request.param
    return sent


def test_a_signal_waits_for_the_end_and_then_arrives(number: int, capfd: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def work(asked_to_stop: AskedToStop) -> None:
        assert not asked_to_stop()
        assert threading.current_thread() is not threading.main_thread()
        os.kill(os.getpid(), number)
        while not asked_to_stop():  # until the main thread has been woken by it
            time.sleep(0.001)
        done.append("done")

    with pytest.raises(Came, match=str(int(number))):
        undisturbed(work)
    assert done == ["done"]
    assert ("a write is under way" in capfd.readouterr().err) is (number == signal.SIGINT)


def test_what_it_answers_and_raises_comes_through(number: int) -> None:
    assert undisturbed(lambda _: 7) == 7

    def refuse(_: AskedToStop) -> None:
        os.kill(os.getpid(), number)
        raise Refused("No", "not this", guard="rows_moved")

    with pytest.raises(Refused, match="not this"):
        undisturbed(refuse)
    with pytest.raises(Came):
        signal.raise_signal(number)
