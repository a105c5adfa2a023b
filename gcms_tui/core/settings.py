"""What `gcms.toml` may say. One dataclass a table; every field carries its documentation, from which
`gcms-tui init` writes the commented file and the loader its messages. None is shown as a whole,
where it could show what should not have been written there."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

from gcms_tui.core.frozen import frozen
from gcms_tui.core.identifier import Relation

CLOSINGS = ("day_before", "same_instant")
"""What `closing` of an SCD2 table may be: the values of `core.scd2.version.Convention`."""

NOTICES = ("verdict", "hold", "incident", "escalation", "approval")
"""What `events` of the notices may name: the values of `core.notices.Event`."""


def setting(doc: str, default: Any = None, *, factory: Any = None) -> Any:
    """A field with its documentation."""
    if factory is not None:
        return field(default_factory=factory, repr=False, metadata={"doc": doc})
    return field(default=default, repr=False, metadata={"doc": doc})


@frozen
class DbtSettings:
    project_dir: Path | None = setting("The dbt project: the directory that holds dbt_project.yml.")
    profiles_dir: Path | None = setting("Where profiles.yml is; unset: as dbt itself looks for it.")
    profile: str | None = setting("The profile's name; unset: the one dbt_project.yml names.")
    target: str | None = setting("The target; unset: the profile's own default.")
    executable: Path | None = setting("dbt's executable, where it lives in another environment than the console.")


@frozen
class SnowflakeSettings:
    connection: str | None = setting("A connection in Snowflake's connections.toml; unset: the dbt target's.")
    role: str | None = setting("The role to read with; unset: the connection's. A role that may only SELECT is best.")
    write_role: str | None = setting("The role to write with; unset: the connection's own.")
    connections: int = setting("The most read connections at once. One login each: 1 or 2 where MFA asks.", 16)
    login_timeout_s: int = setting("Seconds to wait for a login.", 20)
    network_timeout_s: int = setting("Seconds after which an unanswered request is given up.", 60)
    statement_timeout_s: int = setting("Seconds after which the warehouse itself cancels a read.", 30)
    write_timeout_s: int = setting("Seconds after which the warehouse itself cancels a statement that writes.", 60)


@frozen
class SchemaSettings:
    raw: str = setting("Where Airbyte lands its tables.", "RAW")
    bronze: str = setting("The bronze schema.", "BRONZE")
    silver: str = setting("The silver schema.", "SILVER")
    gold: str = setting("The gold schema.", "GOLD")
    test_results: str = setting("Where dbt stores failing rows.", "TEST_RESULTS")
    ops: str = setting("The console's own schema in the warehouse.", "GCMS_OPS")
    backup_suffix: str = setting("Backups of gold go to gold + this suffix.", "_BACKUP")


@frozen
class SourceSettings:
    table: Relation = setting("A landed table: raw.supabase_attendance.")
    timestamp_column: str | None = setting(
        "When a row was pulled; unset: _airbyte_extracted_at, else _airbyte_emitted_at."
    )
    warn_after_h: float = setting("Older than this many hours: WARN.", 24.0)
    fail_after_h: float = setting("Older than this many hours: FAIL.", 48.0)


@frozen
class Scd2TableSettings:
    table: Relation = setting("An SCD2 table: bronze.br_attendance_scd2.")
    natural_key: str = setting("The business key's column.", "natural_key")
    scd_id: str = setting("The version's own id.", "scd_id")
    effective_from: str = setting("Where a version's validity begins.", "effective_from")
    effective_to: str = setting("Where it ends.", "effective_to")
    is_current: str | None = setting("The flag of the current version; unset: effective_to tells.", "is_current")
    recorded_at: str = setting("When the version became known.", "recorded_at")
    inserted_at: str = setting("When the row was written.", "inserted_at")
    updated_at: str | None = setting(
        "When the row was last written; left alone where the table has no such column.", "updated_at"
    )
    closing: str | None = setting(
        "Where a closed version ends: day_before its successor begins, or at the same_instant; unset: as the table's "
        "own closed rows say."
    )


@frozen
class PayrollSettings:
    fact: Relation = setting(
        "The table payroll is paid from; unset: of this name in the gold schema.",
        factory=lambda: Relation("GOLD", "FCT_MUSICIAN_PAYMENT"),
    )
    dim_musician: Relation = setting(
        "The musicians; unset: of this name in the gold schema.", factory=lambda: Relation("GOLD", "DIM_MUSICIAN")
    )
    dim_concert: Relation = setting(
        "The concerts; unset: of this name in the gold schema.", factory=lambda: Relation("GOLD", "DIM_CONCERT")
    )
    source_payment: Relation = setting(
        "Supabase's payments as they landed, to compare with; unset: of this name in the bronze schema.",
        factory=lambda: Relation("BRONZE", "BR_SUPABASE_PAYMENT"),
    )
    calculated_within_h: float = setting("The fact is expected to be recalculated within this many hours.", 24.0)
    tolerance: str = setting("The largest difference in money that is still agreement.", "0.01")
    source_within_h: float = setting("Payroll wants every source that feeds it loaded within this many hours.", 24.0)
    checks_hold_h: float = setting(
        "Freshness, models and tests of a payroll run count for this many hours towards its export.", 24.0
    )
    signing_holds_h: float = setting("The tests count for this many hours towards the release of the file.", 96.0)
    baseline_tests: int | None = setting(
        "At least so many tests have to pass; unset: as many as in the last payroll that was closed, and the runbook's "
        "three. Name a number where tests were taken out on purpose."
    )
    spot_check_rows: int = setting("How many payments the spot check draws, beside those that are a risk.", 10)
    change_alert_percent: float = setting(
        "A payment that differs from the musician's last one of its kind by more is looked at by hand.", 25.0
    )
    prepared_dir: Path | None = setting(
        "Where the prepared files are, in no repository; unset: payroll/prepared in state_dir."
    )
    outbox_dir: Path | None = setting(
        "Where released files are put, for whoever pays; unset: payroll/outbox in state_dir."
    )
    engineers: tuple[str, ...] = setting("Logins that sign as data engineer.", ())
    finance: tuple[str, ...] = setting("Logins that sign as finance.", ())
    managers: tuple[str, ...] = setting("Logins that sign as manager.", ())
    allowed_signers: Path | None = setting(
        "ssh-keygen's file of keys: with it a signature is one by the person's own key, and without it by login."
    )


@frozen
class SupabaseSettings:
    dsn_env: str | None = setting("The environment variable that holds the Postgres DSN.")
    dsn_file: Path | None = setting("A 0600 file that holds the Postgres DSN.")
    service: str | None = setting("A service of libpq's pg_service.conf.")
    write_dsn_env: str | None = setting(
        "As dsn_env, for recording what was paid: a login that may update paid and payment_date. Unset, and the two "
        "below too: the same login as for reading."
    )
    write_dsn_file: Path | None = setting("As dsn_file, for recording.")
    write_service: str | None = setting("As service, for recording.")
    payment_table: str = setting("Supabase's payments, as Postgres spells them.", "public.payment")


@frozen
class AirbyteSettings:
    base_url: str | None = setting("The public API's base, whole: https://airbyte.example.org/api/public/v1.")
    workspace_id: str | None = setting("Only this workspace's connections; unset: all that the application may see.")
    client_id: str | None = setting("The application's id, by which the console logs in.")
    client_secret_env: str | None = setting("The environment variable that holds the application's secret.")
    client_secret_file: Path | None = setting("A 0600 file that holds it.")
    timeout_s: int = setting("Seconds after which an unanswered request is given up.", 15)


@frozen
class ContactSettings:
    team: str = setting("The data engineering team.", "data-team@gcms.org")
    on_call: str = setting("The on-call telephone number.", "+1-XXX-XXX-XXXX")
    escalation: tuple[str, ...] = setting(
        "Who is told, in order, with the minutes after which.",
        ("Data Engineer (15 min)", "Senior Data Engineer (30 min)", "Engineering Manager (1 hour)"),
    )
    external: tuple[ExternalSettings, ...] = setting("What the platform depends on, and whom to call there.", ())


@frozen
class ExternalSettings:
    name: str = setting("What the platform depends on: Snowflake support.")
    contact: str = setting("How its people are reached.")
    verified: str = setting("When somebody last tried that, as a date; empty: never.", "")


@frozen
class RunbookSettings:
    timezone: str = setting("The zone of the runbook's times, by its IANA name: Europe/Vienna.", "UTC")
    holidays: tuple[str, ...] = setting("Days that are no business days: 2026-12-25.", ())
    row_count_alert_percent: float = setting(
        "A table whose rows change by more over a weekly refresh is looked at.", 10.0
    )
    correction_tolerance_min: int = setting("A correction recorded later than this many minutes counts as late.", 1440)


@frozen
class BackupSettings:
    tables: tuple[Relation, ...] = setting(
        "What the weekly backup clones; unset: every SCD2 table and the table payroll is paid from.", ()
    )


@frozen
class NotifySettings:
    urls_env: str | None = setting("The environment variable that holds the services' URLs, as apprise writes them.")
    urls_file: Path | None = setting("A 0600 file that holds them, a line each.")
    events: tuple[str, ...] = setting(
        "What is told: verdict, hold, incident, escalation, approval. Empty: nothing.", ()
    )
    repeat_after_h: float = setting("The same notice is sent again only after this many hours.", 12.0)


@frozen
class StoreSettings:
    url: str | None = setting(
        "A Postgres that several hosts share, without its password: postgresql://ops@db.example.org/postgres. Unset, "
        "and url_env and url_file too: a SQLite file in state_dir."
    )
    url_env: str | None = setting("The environment variable that holds the URL, password and all.")
    url_file: Path | None = setting("A 0600 file that holds it.")
    anchor_file: Path | None = setting(
        "Where the journal's head is kept too, away from the store; unset: gcms-tui/journal-anchor.json in the XDG "
        "data directory."
    )


@frozen
class ConsoleSettings:
    refresh: str = setting("How often the health board looks again, for instance 15m; empty: only when asked.", "")


@frozen
class Settings:
    """The whole of `gcms.toml`, checked and with paths made absolute."""

    read_only: bool = setting("True: nothing can be written. Writing has to be allowed here in so many words.", True)
    read_only_targets: tuple[str, ...] = setting("Targets that stay read-only whatever else is said.", ())
    sandbox: bool = setting("This is the practice platform, not a real one.", False)
    state_dir: Path = setting("Where the console keeps its history; unset: the XDG state directory.", Path())
    personal_columns: tuple[str, ...] = setting(
        "Further columns to mask in failing rows, beside names, mail, telephone, bank and the like; * stands for "
        "anything.",
        (),
    )
    queries_dir: Path | None = setting("A directory of .sql files that replace the console's own by name.")
    dbt: DbtSettings = setting("dbt.", factory=DbtSettings)
    snowflake: SnowflakeSettings = setting("Snowflake.", factory=SnowflakeSettings)
    schemas: SchemaSettings = setting("Schema names.", factory=SchemaSettings)
    sources: tuple[SourceSettings, ...] = setting("The landed tables to watch.", ())
    scd2: tuple[Scd2TableSettings, ...] = setting(
        "SCD2 tables; what dbt's manifest knows beside them (models named *_scd2, meta.scd2, snapshots) is found by "
        "itself. A full refresh leaves out these and those.",
        (),
    )
    payroll: PayrollSettings = setting("Payroll.", factory=PayrollSettings)
    supabase: SupabaseSettings = setting("Supabase's Postgres.", factory=SupabaseSettings)
    airbyte: AirbyteSettings = setting("Airbyte.", factory=AirbyteSettings)
    runbook: RunbookSettings = setting("The runbook's times.", factory=RunbookSettings)
    backups: BackupSettings = setting("Backups.", factory=BackupSettings)
    notify: NotifySettings = setting("Who is told of what; off unless events are named.", factory=NotifySettings)
    store: StoreSettings = setting("Where history, journal, plans and leases are kept.", factory=StoreSettings)
    contacts: ContactSettings = setting("People to call.", factory=ContactSettings)
    console: ConsoleSettings = setting("The console.", factory=ConsoleSettings)
    path: Path | None = field(default=None, metadata={"doc": "The file itself; not a key of it."})
