"""Incidents and notices: what is to be read for everybody, and, only where it is allowed, what writes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import (
    dbt_output,
    dbt_project,
    every_dbt_file,
    open_store,
    read_only,
    target_name,
    utc_now,
)
from gcms_tui.cli.wiring.payroll import holds_of
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.notices import Channels, Notices
    from gcms_tui.operations.payroll.holding import Holds


def open_incidents(settings: Settings, invocation: Invocation) -> IncidentDesk:
    """Incidents of the target in force. Nothing is read before it is asked. Raises `ConfigError` where there is no
    target."""
    from gcms_tui.adapters.last_health import LastHealthFile
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.core.incidents.clock import zone_of
    from gcms_tui.core.incidents.contacts import contacts
    from gcms_tui.core.incidents.escalation import parse_path
    from gcms_tui.operations.incidents.book import IncidentBook
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.incidents.incidents import Incidents
    from gcms_tui.operations.incidents.watch import Watch

    target = target_name(settings)
    why_not = read_only(settings, invocation, target).why_not
    person = who_asks(os.environ)
    store, path = open_store(settings, person), parse_path(settings.contacts.escalation)
    holds = holds_of(every_dbt_file(settings, target), target, store, person, why_not)
    book, notices = IncidentBook(target, store.journal), notices_of(settings, target, store)
    acts = Incidents(
        target,
        journal=store.journal,
        leases=store.leases,
        holds=holds,
        path=path,
        failed_run=lambda reference: _failed_run(settings, reference),
        clock=utc_now,
        tell=notices.tell,
        personal=settings.personal_columns,
    )
    return IncidentDesk(
        book=book,
        acts=None if why_not else acts,
        notices=notices,
        watch=Watch(
            book,
            notices,
            journal=store.journal,
            path=path,
            holds=holds.open,
            waiting=lambda: _waiting(settings, target, store, holds),
            clock=utc_now,
        ),
        path=path,
        contacts=contacts(settings.contacts, utc_now().date()),
        zone=zone_of(settings.runbook.timezone),
        last_health=LastHealthFile(settings.state_dir).load,
        now=utc_now,
        read_only_reason=why_not,
    )


def notices_of(settings: Settings, target: str, store: Store) -> Notices:
    """What tells the team of things; off unless events are configured. Reads no address before it sends."""
    from gcms_tui.operations.notices import Notices

    return Notices(
        target,
        settings.notify,
        channels=lambda: _channels(settings),
        journal=store.journal,
        leases=store.leases,
        clock=utc_now,
    )


def _channels(settings: Settings) -> Channels:
    from gcms_tui.adapters.notify import AppriseChannels, read_urls

    return AppriseChannels(read_urls(settings.notify, os.environ))


def _failed_run(settings: Settings, reference: str) -> str:
    """Raises `UsageError`, `Refused` (guard `failed_run`), `ConfigError` where there is no dbt project."""
    from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
    from gcms_tui.adapters.run_directory import RunDirectories
    from gcms_tui.core.errors import Refused
    from gcms_tui.core.run import RunState
    from gcms_tui.operations.run_history import RunHistory

    project = dbt_project(settings)
    target = settings.dbt.target or dbt_output(settings).target
    shelf = RunDirectories(settings.state_dir, project.directory)
    files = DbtArtifacts(project.target_path, project.log_path)
    history = RunHistory(shelf, files, target, utc_now, project_dir=project.directory)
    run = history.summary(reference).run
    if run.state is RunState.SUCCEEDED:
        raise Refused(
            "It did not fail",
            f"Nothing failed in {run.run_id}.",
            "Name the run in which the critical test failed: gcms-tui runs list",
            guard="failed_run",
        )
    return run.run_id


def _waiting(settings: Settings, target: str, store: Store, holds: Holds) -> Iterable[PayrollRun]:
    """Payroll runs that only want signatures."""
    from gcms_tui.core.payroll.gates import Limits
    from gcms_tui.core.payroll.steps import Step
    from gcms_tui.operations.payroll.book import Payrolls

    payroll = settings.payroll
    runs = Payrolls(
        target,
        index=store.payroll,
        journal=store.journal,
        leases=store.leases,
        holds=holds,
        limits=Limits(timedelta(hours=payroll.checks_hold_h), timedelta(hours=payroll.signing_holds_h)),
        clock=utc_now,
        read_only_reason="only looked at",
    )
    return [run for run in runs.all() if runs.next_step(run) is Step.SIGN_OFF]
