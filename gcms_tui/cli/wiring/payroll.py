"""Payroll: runs and states for everybody, and, only where it is allowed, what writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from gcms_tui import __version__
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.anchoring import known_anchors
from gcms_tui.cli.wiring.base import (
    every_dbt_file,
    open_store,
    open_warehouse,
    query_library,
    read_only,
    snowflake_credentials,
    supabase_or_why,
    target_name,
    utc_now,
)
from gcms_tui.cli.wiring.desks import open_run_desk
from gcms_tui.cli.wiring.writes import writes_to_warehouse
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.frozen import frozen
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.payroll_files import PayrollFiles
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.adapters.snowflake import SnowflakeWarehouse
    from gcms_tui.adapters.ssh_signing import SshSigning
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.core.payroll.roles import Signers
    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.core.run import Person
    from gcms_tui.core.writing.plan import Plan
    from gcms_tui.operations.payroll.book import Payrolls
    from gcms_tui.operations.payroll.desk import PayrollBench, PayrollDesk
    from gcms_tui.operations.payroll.holding import Holds
    from gcms_tui.operations.payroll.payments import PaymentReader
    from gcms_tui.operations.payroll.ports import SupabaseReader
    from gcms_tui.operations.payroll.recording import Recording
    from gcms_tui.operations.payroll.unpaid import PaidConcerts
    from gcms_tui.operations.ports import DbtProject
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.writing.ports import WriteAccess


@contextmanager
def open_payroll_desk(
    settings: Settings, invocation: Invocation, acting_as: str = "", runs: Callable[[], RunDesk] | None = None
) -> Iterator[PayrollDesk]:
    """Payroll on the target in force. Nothing connects before it is asked to.

    `acting_as` is whom to play on the practice platform. `runs` gives dbt's runs where they are open already. Where
    nothing may be written, nothing that could is built. Raises `ConfigError` where there is no login or no target,
    `Refused` where somebody would be played anywhere else.
    """
    from gcms_tui.adapters.acting import may_act, who_acts
    from gcms_tui.operations.payroll.concerts import Concerts
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.payroll.verifying import Verifying

    host = snowflake_credentials(settings).where
    person = who_acts(settings, os.environ, acting_as or None, host)
    with ExitStack() as opened:
        seen = _seen(settings, invocation, person, opened)
        bench = None
        if not seen.why_not:
            desk = runs() if runs is not None else opened.enter_context(open_run_desk(settings, invocation))
            bench = _bench(seen, desk)
        yield PayrollDesk(
            book=seen.book,
            concerts=Concerts(settings, warehouse=seen.warehouse, paid=seen.paid, queries=seen.queries, book=seen.book),
            holds=seen.book.holds,
            verifying=Verifying(
                book=seen.book,
                reader=seen.reader,
                files=seen.files,
                signing=seen.signing,
                signers=seen.signers,
                supabase=seen.supabase,
                supabase_settings=settings.supabase,
                queries=seen.queries,
                journal=seen.store.journal,
                anchors=known_anchors(settings, seen.store, seen.warehouse, seen.queries),
            ),
            person=person,
            bench=bench,
            read_only_reason=seen.why_not,
            may_act=() if seen.why_not else may_act(settings, os.environ, host),
            acting_as=acting_as,
        )


def holds_of(project: DbtProject, target: str, store: Store, person: Person, read_only_reason: str) -> Holds:
    """What holds payroll: by the journal, and by the critical tests as dbt left them in `project`."""
    from gcms_tui.operations.payroll.critical import CriticalTests
    from gcms_tui.operations.payroll.holding import Holds

    return Holds(
        target,
        journal=store.journal,
        person=person,
        critical=CriticalTests(project, target),
        read_only_reason=read_only_reason,
    )


@frozen
class _Seen:
    """What reading has been built from, for the write side to be built upon."""

    settings: Settings
    target: str
    why_not: str
    person: Person
    store: Store
    project: DbtProject
    warehouse: SnowflakeWarehouse
    supabase: SupabaseReader
    paid: PaidConcerts
    queries: QueryLibrary
    book: Payrolls
    reader: PaymentReader
    files: PayrollFiles
    signing: SshSigning | None
    signers: Signers


def _seen(settings: Settings, invocation: Invocation, person: Person, opened: ExitStack) -> _Seen:
    from gcms_tui.adapters.payroll_files import PayrollFiles
    from gcms_tui.adapters.ssh_signing import SshSigning
    from gcms_tui.core.payroll.gates import Limits
    from gcms_tui.core.payroll.signatures import signers_of
    from gcms_tui.operations.payroll.book import Payrolls
    from gcms_tui.operations.payroll.payments import PaymentReader
    from gcms_tui.operations.payroll.unpaid import PaidConcerts

    target, payroll = target_name(settings), settings.payroll
    why_not = read_only(settings, invocation, target).why_not
    store, queries = open_store(settings, person), query_library(settings)
    project = every_dbt_file(settings, target)  # one for all: a manifest is large, and kept by whoever has read it
    warehouse = open_warehouse(settings, purpose="payroll")
    opened.callback(warehouse.close)
    own = settings.state_dir / "payroll"
    supabase = supabase_or_why(settings)
    book = Payrolls(
        target,
        index=store.payroll,
        journal=store.journal,
        leases=store.leases,
        holds=holds_of(project, target, store, person, why_not),
        limits=Limits(timedelta(hours=payroll.checks_hold_h), timedelta(hours=payroll.signing_holds_h)),
        clock=utc_now,
        read_only_reason=why_not,
    )
    return _Seen(
        settings=settings,
        target=target,
        why_not=why_not,
        person=person,
        store=store,
        project=project,
        warehouse=warehouse,
        supabase=supabase,
        paid=PaidConcerts(settings.supabase, supabase=supabase, queries=queries, book=book),
        queries=queries,
        book=book,
        reader=PaymentReader(payroll, warehouse, queries),
        files=PayrollFiles(payroll.prepared_dir or own / "prepared", payroll.outbox_dir or own / "outbox", person.host),
        signing=SshSigning(payroll.allowed_signers, os.environ) if payroll.allowed_signers else None,
        signers=signers_of(payroll),
    )


def _bench(seen: _Seen, runs: RunDesk) -> PayrollBench:
    from gcms_tui.adapters.payroll_formats import FORMATS
    from gcms_tui.operations.payroll.archiving import Archiving
    from gcms_tui.operations.payroll.checklist import Checklist
    from gcms_tui.operations.payroll.closing import Closing
    from gcms_tui.operations.payroll.desk import PayrollBench
    from gcms_tui.operations.payroll.exporting import Exporting
    from gcms_tui.operations.payroll.sign_off import SignOff
    from gcms_tui.operations.payroll.spot_checks import SpotChecks

    settings, payroll = seen.settings, seen.settings.payroll
    spot_checks = SpotChecks(
        payroll,
        book=seen.book,
        reader=seen.reader,
        warehouse=seen.warehouse,
        queries=seen.queries,
        journal=seen.store.journal,
    )
    return PayrollBench(
        checklist=Checklist(
            settings,
            book=seen.book,
            reader=seen.reader,
            warehouse=seen.warehouse,
            queries=seen.queries,
            project=seen.project,
            runs=runs,
            clock=utc_now,
        ),
        spot_checks=spot_checks,
        exporting=Exporting(
            payroll,
            book=seen.book,
            reader=seen.reader,
            files=seen.files,
            version=__version__,
            clock=utc_now,
            person=seen.person,
            formats=FORMATS,
            unpaid=_unpaid(seen),
        ),
        sign_off=SignOff(
            book=seen.book,
            reader=seen.reader,
            files=seen.files,
            signing=seen.signing,
            signers=seen.signers,
            person=seen.person,
            variance=spot_checks.variance,
            unpaid=_unpaid(seen),
        ),
        recording=_recording(seen),
        archiving=Archiving(
            payroll,
            book=seen.book,
            reader=seen.reader,
            warehouse=seen.warehouse,
            queries=seen.queries,
            writes=writes_to_warehouse(
                settings,
                seen.target,
                store=seen.store,
                warehouse=seen.warehouse,
                queries=seen.queries,
                runs=runs,
            ),
            plans=seen.store.plans,
            journal=seen.store.journal,
            person=seen.person,
            clock=utc_now,
        ),
        closing=Closing(book=seen.book, files=seen.files),
    )


def _unpaid(seen: _Seen) -> Callable[[PayrollRun], None]:
    return lambda run: seen.paid.require_unpaid(run.concert_id, but=run)


def _recording(seen: _Seen) -> Recording:
    from gcms_tui.core.payroll.gates import require_not_held
    from gcms_tui.operations.payroll.recording import Recording
    from gcms_tui.operations.writing.guarded_write import GuardedWrites

    store = seen.store

    def payroll_is_not_held(plan: Plan) -> None:
        require_not_held(seen.book.holds.open())

    return Recording(
        seen.settings.supabase,
        book=seen.book,
        reader=seen.reader,
        files=seen.files,
        # What a policy hides from the login that writes is then missed when it is planned, and not when it is applied.
        supabase=supabase_or_why(seen.settings, to_write=True),
        queries=seen.queries,
        writes=GuardedWrites(
            seen.target,
            access=_supabase_access(seen.settings),
            plans=store.plans,
            leases=store.leases,
            journal=store.journal,
            clock=utc_now,
            guards=(payroll_is_not_held,),
        ),
        plans=store.plans,
        journal=store.journal,
        person=seen.person,
        clock=utc_now,
    )


def _supabase_access(settings: Settings) -> WriteAccess:
    """Where the way in cannot be read, only recording is told so: the steps before it need none."""
    from gcms_tui.adapters.absent import AbsentSupabase
    from gcms_tui.adapters.supabase import write_dsn
    from gcms_tui.adapters.supabase_writer import SupabaseWriteAccess

    try:
        return SupabaseWriteAccess(write_dsn(settings.supabase, os.environ))
    except ConfigError as error:
        return AbsentSupabase(error)
