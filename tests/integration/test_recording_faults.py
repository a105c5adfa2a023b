"""What can go wrong as payments are recorded, against Postgres itself; the rows are looked at by the plain driver."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gcms_tui.core.errors import GcmsError, Refused, StatementFailed, Unavailable
from gcms_tui.core.payroll import events
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.core.writing.plan import canonical
from gcms_tui.core.writing.plan_json import plan_document
from gcms_tui.operations.writing.guarded_write import Outcome
from gcms_tui.sandbox.database import ROLE
from gcms_tui.sandbox.directory import wait_until
from tests.integration.recording_scene import (
    DAY,
    LOOKER,
    MUSICIANS,
    PASSWORD,
    PAYER,
    Console,
    PaymentsServer,
    console,
    copied,
    net,
    payments_server,
    walked,
)
from tests.postgres_wire import COMMIT, Fault, drop_answer, drop_request, dropped_after, first, stalled_until

ALL = dict.fromkeys(range(1, MUSICIANS + 1), DAY)
MOST = 100
"""Far more steps than a write has."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaymentsServer]:
    private = tmp_path_factory.mktemp("postgres")
    private.chmod(0o700)
    with payments_server(private) as running:
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return walked(tmp_path_factory.mktemp("released"))


@pytest.fixture
def here(server: PaymentsServer, template: Path, tmp_path: Path) -> Iterator[Console]:
    server.fill()
    with console(server.database.port, copied(template, tmp_path)) as opened:
        yield opened


@pytest.fixture
def looser(here: Console, server: PaymentsServer) -> Console:
    """As `here`, and nothing keeps a musician from having several payments of the concert."""
    server.fill(unique=False)
    return here


def guard(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value.guard


def known_undone(here: Console, server: PaymentsServer) -> None:
    """Nothing was recorded, the journal knows it, and no session is left."""
    assert not server.paid() and here.kinds()[-1] == OUTCOME and not here.doubts.open()
    [outcome] = here.store.journal.entries(1, kind=OUTCOME)
    assert outcome.said["outcome"] == "not_applied" and PASSWORD not in outcome.payload


def test_exactly_the_signed_rows_change_and_nothing_else_of_them(here: Console, server: PaymentsServer) -> None:
    before = server.rows()
    run, ended = here.record(here.plan())
    assert ended.outcome is Outcome.APPLIED and run.recorded is not None
    signed = {1000 + musician for musician in ALL}
    assert server.rows() == [
        (*row[:4], True, DAY, *row[6:]) if row[0] in signed else row for row in before
    ]  # fmt: skip
    assert here.kinds()[-3:] == [INTENT, OUTCOME, events.RECORDED]
    [intent] = here.store.journal.entries(1, kind=INTENT)
    assert (intent.said["session"]["user"], intent.said["query_tag"]) == (PAYER, f"gcms-tui {ended.write_id}")
    assert here.recording.plan(run.run_id, DAY) is None
    told = "\n".join(entry.payload for entry in here.store.journal.entries())
    assert PASSWORD not in told and not any(str(net(musician)) in told for musician in ALL)


# -- lines and servers that are lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["BEGIN", "FOR UPDATE", "AS MATERIALIZED", 'UPDATE "public'])
def test_a_line_that_is_lost_before_commit_has_recorded_nothing(
    here: Console, server: PaymentsServer, part: str
) -> None:
    for fault in (drop_request, drop_answer):
        plan = here.plan()
        here.wire.on(part, fault)
        with pytest.raises(Unavailable):
            here.record(plan)
        assert any(part.encode() in asked for asked in here.wire.asked)
        here.wire.mend()
        known_undone(here, server)
    here.record(here.plan())
    assert server.paid() == ALL


@pytest.mark.parametrize(("fault", "verdict"), [(drop_request, Verdict.NOT_APPLIED), (drop_answer, Verdict.APPLIED)])
def test_a_commit_without_an_answer_is_settled_by_reading(
    here: Console, server: PaymentsServer, fault: Fault, verdict: Verdict
) -> None:
    here.wire.on(COMMIT, fault)
    run, ended = here.record(here.plan())
    assert ended.outcome is Outcome.IN_DOUBT and run.recorded is None
    settle_and_go_on(here, server, verdict, ended.write_id)


def settle_and_go_on(here: Console, server: PaymentsServer, verdict: Verdict, write_id: str) -> None:
    """What is in doubt is settled rightly, once its session has gone; then the run goes on to be recorded."""
    here.wire.mend()
    run_id = here.run.run_id
    assert guard(lambda: here.recording.adopt(run_id)) == "in_doubt"
    assert wait_until(lambda: here.doubts.look(write_id).verdict is not Verdict.RUNNING, 20)
    assert here.doubts.settle(write_id).verdict is verdict
    assert server.paid() == (ALL if verdict is Verdict.APPLIED else {})
    assert here.kinds()[-1] == SETTLED and not here.doubts.open()
    if verdict is Verdict.APPLIED:
        recorded = here.recording.adopt(run_id).recorded
    else:
        recorded = here.record(here.plan())[0].recorded
    assert recorded is not None and not recorded.already and server.paid() == ALL


def test_a_commit_that_is_still_on_its_way_is_waited_for(
    server: PaymentsServer, template: Path, tmp_path: Path
) -> None:
    """The console gives up waiting; the COMMIT arrives later. Nobody says meanwhile that it did not."""
    server.fill()
    released = threading.Event()
    with console(server.database.port, copied(template, tmp_path), patience_s=5.0) as here:
        plan = here.plan()
        here.wire.on(COMMIT, stalled_until(released))
        _, ended = here.record(plan)
        assert ended.outcome is Outcome.IN_DOUBT and "no answer within 5 s" in ended.note
        assert here.doubts.settle(ended.write_id).verdict is Verdict.RUNNING and not server.paid()
        assert here.doubts.open()
        released.set()
        settle_and_go_on(here, server, Verdict.APPLIED, ended.write_id)


@pytest.mark.parametrize(
    "part", ['UPDATE "public', COMMIT, f"after {COMMIT}"], ids=["UPDATE", "COMMIT", "after COMMIT"]
)
def test_a_server_that_fails_and_comes_back(here: Console, server: PaymentsServer, part: str) -> None:
    plan = here.plan()

    def fail() -> None:
        server.kill()
        assert wait_until(lambda: not (server.database.data / "postmaster.pid").exists(), 20)

    here.wire.on(part.removeprefix("after "), dropped_after(fail) if part.startswith("after ") else first(fail))
    if COMMIT not in part:
        with pytest.raises(Unavailable):
            here.record(plan)
        server.come_back()
        known_undone(here, server)
        return
    _, ended = here.record(plan)
    assert ended.outcome is Outcome.IN_DOUBT
    with pytest.raises(Unavailable):
        here.doubts.settle(ended.write_id)
    server.come_back()
    settle_and_go_on(
        here, server, Verdict.APPLIED if part.startswith("after ") else Verdict.NOT_APPLIED, ended.write_id
    )


# -- others who write ------------------------------------------------------------------------------------------------

CHANGES = {
    "altered": "UPDATE public.payment SET net_amount = net_amount + 0.01 WHERE id = 1005",
    "swapped": "UPDATE public.payment SET net_amount = 211 - net_amount + 1 WHERE id IN (1005, 1006)",
    "paid": "UPDATE public.payment SET paid = true, payment_date = '2026-03-01' WHERE id = 1005",
    "gone": "DELETE FROM public.payment WHERE id = 1005",
    "twice": "INSERT INTO public.payment SELECT 5000, concert_id, musician_id, net_amount FROM public.payment "
    "WHERE id = 1005",
    "of another": "UPDATE public.payment SET concert_id = 8 WHERE id = 1005",
}


@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_moved_since_the_plan_are_left_alone(looser: Console, server: PaymentsServer, change: str) -> None:
    """Before it is applied, and just before the rows are locked."""
    here = looser
    for meanwhile in (False, True):
        server.fill(unique=False)
        plan = here.plan()
        if meanwhile:
            here.wire.on("FOR UPDATE", first(lambda: server.ask(CHANGES[change])))
        else:
            server.ask(CHANGES[change])
        assert guard(lambda plan=plan: here.record(plan)) == "rows_moved"  # type: ignore[misc]
        assert set(server.paid()) == ({5} if change == "paid" else set()) and not here.doubts.open()
        here.wire.mend()


def test_a_further_payment_of_the_concert_is_told_and_left_alone(here: Console, server: PaymentsServer) -> None:
    plan = here.plan()
    assert any("990000" in warning for warning in plan.warnings)
    server.ask("INSERT INTO public.payment (id, concert_id, musician_id, net_amount) VALUES (3, 7, 990001, 9)")
    assert here.record(plan)[0].recorded is not None and server.paid() == ALL


def test_once_looked_at_the_rows_are_nobody_elses(here: Console, server: PaymentsServer) -> None:
    plan, seen = here.plan(), []

    def meddle() -> None:
        with psycopg.connect(server.dsn(ROLE)) as other, pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("SET lock_timeout = '50ms'")
            seen.append(other)
            other.execute("UPDATE public.payment SET net_amount = 0 WHERE id = 1005")

    here.wire.on('UPDATE "public"', first(meddle))
    here.record(plan)
    assert seen and server.paid() == ALL


def test_a_lock_of_somebody_else_is_waited_for_and_then_told(here: Console, server: PaymentsServer) -> None:
    plan = here.plan()
    with psycopg.connect(server.dsn(ROLE)) as other:
        other.execute("SELECT 1 FROM public.payment WHERE id = 1005 FOR UPDATE")
        with pytest.raises(StatementFailed) as caught:
            here.record(plan)
    assert "lock timeout" in caught.value.message and "holds the rows" in caught.value.next_step
    known_undone(here, server)


def test_of_two_consoles_at_once_one_records(here: Console, server: PaymentsServer, tmp_path: Path) -> None:
    plan, ends = here.plan(), []
    with console(server.database.port, tmp_path, user="frank") as there:
        there.scene.clock.now = here.scene.clock.now
        here.wire.on('UPDATE "public"', first(lambda: ends.append(guard(lambda: there.record(plan)))))
        here.record(plan)
        assert guard(lambda: there.record(plan)) == "recorded"
    assert ends == ["lease"] and server.paid() == ALL and here.kinds().count(INTENT) == 1


def test_a_state_that_is_not_filled_in_is_unpaid(here: Console, server: PaymentsServer) -> None:
    server.ask("UPDATE public.payment SET paid = NULL WHERE id = 1005")
    server.ask("UPDATE public.payment SET payment_date = '2026-02-25' WHERE id IN (1006, 1007)")
    plan = here.plan()
    assert len(plan.before) == 3 and any("6, 7" in warning for warning in plan.warnings)
    here.record(plan)
    assert server.paid() == ALL


# -- rights ----------------------------------------------------------------------------------------------------------

_POLICIES = {
    "sees none": ("FOR ALL USING (false)", "nothing_visible"),
    "sees half": ("FOR ALL USING (musician_id % 2 = 0)", "ids"),
    "may change none": ("FOR SELECT USING (true)", "row_count"),
    "may change half": ("FOR SELECT USING (true); CREATE POLICY more ON public.payment FOR UPDATE "
                        "USING (musician_id % 2 = 0)", "row_count"),
}  # fmt: skip


@pytest.mark.parametrize("policy", _POLICIES)
def test_rows_that_a_policy_hides_are_missed(here: Console, server: PaymentsServer, policy: str) -> None:
    rule, expected = _POLICIES[policy]
    server.ask("ALTER TABLE public.payment ENABLE ROW LEVEL SECURITY")
    server.ask(f"CREATE POLICY partial_view ON public.payment {rule}")

    def do() -> None:
        here.record(here.plan())

    assert guard(do) == expected
    assert not server.paid() and not here.doubts.open()


def test_a_policy_that_appears_after_the_plan_is_seen(here: Console, server: PaymentsServer) -> None:
    plan = here.plan()
    server.ask("ALTER TABLE public.payment ENABLE ROW LEVEL SECURITY")
    server.ask("CREATE POLICY partial_view ON public.payment USING (musician_id > 1)")
    assert guard(lambda: here.record(plan)) == "rows_moved"
    known_undone(here, server)


def test_a_login_that_may_only_read_is_told_what_it_lacks(
    server: PaymentsServer, template: Path, tmp_path: Path
) -> None:
    server.fill()
    with console(server.database.port, copied(template, tmp_path), login=LOOKER) as here:
        plan = here.plan()
        with pytest.raises(StatementFailed) as caught:
            here.record(plan)
        assert "permission denied for table payment" in caught.value.message and "GRANT" in caught.value.next_step
        known_undone(here, server)


_TRIGGER = (
    "CREATE OR REPLACE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
    "'% gets % at planted@example.org', NEW.musician_id, NEW.net_amount; END $$; "
    "CREATE CONSTRAINT TRIGGER no AFTER UPDATE ON public.payment {} FOR EACH ROW EXECUTE FUNCTION public.no()"
)


@pytest.mark.parametrize("when", ["NOT DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"])
def test_what_a_trigger_says_of_a_row_is_not_repeated(here: Console, server: PaymentsServer, when: str) -> None:
    """Also where it says no to COMMIT only: that is an answer, and no doubt."""
    plan = here.plan()
    server.ask(_TRIGGER.format(when))
    with pytest.raises(StatementFailed) as caught:
        here.record(plan)
    assert "RaiseException (P0001)" in caught.value.message
    for text in (str(caught.value), "\n".join(entry.payload for entry in here.store.journal.entries(3))):
        assert "planted" not in text and "101.00" not in text
    known_undone(here, server)


def test_a_trigger_that_changes_an_amount_is_seen_before_commit(here: Console, server: PaymentsServer) -> None:
    plan = here.plan()
    server.ask(
        "CREATE OR REPLACE FUNCTION public.less() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.net_amount = 1; "
        "RETURN NEW; END $$; CREATE TRIGGER less BEFORE UPDATE ON public.payment FOR EACH ROW EXECUTE FUNCTION "
        "public.less()"
    )
    assert guard(lambda: here.record(plan)) == "postcondition"
    known_undone(here, server)


# -- the journal, the process ----------------------------------------------------------------------------------------


def test_without_the_intent_nothing_is_sent(
    here: Console, server: PaymentsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = here.plan()
    _fails(here, monkeypatch, INTENT)
    with pytest.raises(GcmsError, match="the disk is full"):
        here.record(plan)
    assert not server.paid() and not any(b"BEGIN" in asked for asked in here.wire.asked)


def test_without_the_outcome_it_is_in_doubt_and_settled_by_reading(
    here: Console, server: PaymentsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = here.plan()
    with monkeypatch.context() as patch:
        _fails(here, patch, OUTCOME)
        _, ended = here.record(plan)
    assert ended.outcome is Outcome.APPLIED and "will be asked for" in ended.note
    assert wait_until(lambda: here.doubts.look(ended.write_id).verdict is not Verdict.RUNNING, 20)
    assert here.doubts.settle(ended.write_id).verdict is Verdict.APPLIED and server.paid() == ALL


def _fails(here: Console, patch: pytest.MonkeyPatch, kind: str) -> None:
    append = here.store.journal.append

    def full(what: str, *said: Any) -> Any:
        if what == kind:
            raise GcmsError("No journal", "the disk is full")
        return append(what, *said)

    patch.setattr(here.store.journal, "append", full)


def test_killed_at_any_step_all_are_paid_or_none_and_it_is_known_which(
    server: PaymentsServer, template: Path, tmp_path: Path
) -> None:
    seen = set()
    with ExitStack() as stack:
        killing = stack.enter_context(_killing(server))
        for step in range(1, MOST):
            server.fill()
            directory = copied(template, tmp_path / str(step))
            word = _told(killing, f"{step} {directory}")
            assert word in ("killed", "recorded")
            with console(server.database.port, directory) as here:
                seen.add(_found_out(here, server))
            if word == "recorded":
                break
        else:
            pytest.fail("a write with more steps than there can be")
    assert seen == {"nothing begun", "settled not applied", "settled applied", "applied, not noted", "noted"}


def _found_out(here: Console, server: PaymentsServer) -> str:
    """What the journal says, after it was settled where it was in doubt. It must be right."""
    assert wait_until(lambda: all(map(_is_over(here), here.doubts.open())), 20)
    paid = server.paid()
    assert paid in ({}, ALL)
    run_id, [*doubts] = here.run.run_id, here.doubts.open()
    for doubt in doubts:
        verdict = here.doubts.settle(doubt.write_id).verdict
        assert verdict is (Verdict.APPLIED if paid else Verdict.NOT_APPLIED)
    if here.run.recorded is not None:
        assert paid == ALL and not doubts
        return "noted"
    if not paid:
        assert guard(lambda: here.recording.adopt(run_id)) == "not_recorded"
        return "settled not applied" if doubts else "nothing begun"
    recorded = here.recording.adopt(run_id).recorded
    assert recorded is not None and not recorded.already
    return "settled applied" if doubts else "applied, not noted"


def _is_over(here: Console) -> Callable[[Any], bool]:
    return lambda doubt: here.doubts.look(doubt.write_id).verdict is not Verdict.RUNNING


def _killing(server: PaymentsServer) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "tests.integration.recording_killed", str(server.database.port)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


def _told(killing: subprocess.Popen[str], line: str) -> str:
    assert killing.stdin is not None and killing.stdout is not None
    killing.stdin.write(f"{line}\n")
    killing.stdin.flush()
    return killing.stdout.readline().strip()


def test_twenty_thousand_are_recorded_at_once(server: PaymentsServer, tmp_path: Path) -> None:
    many = 20_000
    server.fill(many)
    with console(server.database.port, walked(tmp_path, many), count=many) as here:
        plan = here.plan(DAY - timedelta(days=1))
        assert len(canonical(plan_document(plan))) < 50 * many, "what grows are the ids that are bound"
        run, ended = here.record(plan)
        assert ended.outcome is Outcome.APPLIED and run.recorded is not None and run.recorded.entries == many
        assert max(len(entry.payload) for entry in here.store.journal.entries(kind="write.")) < 10_000
    assert server.paid() == dict.fromkeys(range(1, many + 1), date(2026, 2, 28))
