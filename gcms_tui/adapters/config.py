"""`gcms.toml`: where it is, what it says, and whether anything may be written.

Runs before the first paint, so it imports nothing but the standard library and the core.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gcms_tui.adapters.files import read_text, refuse_if_others_may_write, refuse_if_owned_by_another
from gcms_tui.adapters.toml_settings import Key, Problems, build
from gcms_tui.core.duration import parse_duration
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.frozen import frozen
from gcms_tui.core.identifier import Relation, folded
from gcms_tui.core.settings import (
    CLOSINGS,
    NOTICES,
    ContactSettings,
    NotifySettings,
    PayrollSettings,
    RunbookSettings,
    Settings,
    SupabaseSettings,
)

FILE_NAME = "gcms.toml"
_TOLERATED_MIN = 366 * 24 * 60
"""A correction that is a year late is one."""
NO_CONFIG_ADVICE = (
    "Try it on the practice platform: gcms-tui demo. "
    "See what is there: gcms-tui doctor. "
    "Write a configuration from a dbt project: gcms-tui init PROJECT_DIR."
)


@frozen
class ConfigFile:
    """The file that was chosen, and what chose it."""

    path: Path
    found_by: str
    """`--config`, `$GCMS_CONFIG`, `the working directory`, `a directory above`, `the user's configuration`."""


@frozen
class ReadOnly:
    """Whether writing is off, and who says so."""

    on: bool
    reason: str

    @property
    def why_not(self) -> str:
        """Who says so; empty where nobody does."""
        return self.reason if self.on else ""


def find_config(explicit: Path | None, env: Mapping[str, str], cwd: Path) -> ConfigFile | None:
    """The configuration file in force, None where there is none anywhere.

    Raises `ConfigError` where a file is named (`--config`, `$GCMS_CONFIG`) and is not there.
    """
    for named, by in ((explicit, "--config"), (_path(env.get("GCMS_CONFIG")), "$GCMS_CONFIG")):
        if named is not None:
            path = cwd / named.expanduser()
            if not path.is_file():
                raise ConfigError("No such configuration", f"{by} names {path}, which is not a file.", NO_CONFIG_ADVICE)
            return ConfigFile(path, by)
    for directory in (cwd, *cwd.parents):
        if (directory / FILE_NAME).is_file():
            by = "the working directory" if directory == cwd else "a directory above"
            refuse_if_owned_by_another(directory / FILE_NAME)
            return ConfigFile(directory / FILE_NAME, by)
    path = xdg_dir(env, "XDG_CONFIG_HOME", ".config") / "gcms-tui" / FILE_NAME
    return ConfigFile(path, "the user's configuration") if path.is_file() else None


def load_settings(file: ConfigFile, env: Mapping[str, str]) -> Settings:
    """The settings of one file, checked. Raises `ConfigError` naming everything that is wrong with it."""
    text = read_text(file.path, FILE_NAME)
    refuse_if_others_may_write(file.path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser's own message ends in (at line 3, column 7).
        raise ConfigError("Broken TOML", f"{file.path}: {error}", "Correct the file at that place.") from None
    problems = Problems(file.path, text)
    settings = build(Settings, table, file.path.resolve().parent, problems)
    if settings is not None:
        for key, message in _complaints(settings):
            problems.add(key, message)
    if problems or settings is None:
        raise ConfigError(
            f"{file.path.name} is wrong",
            str(problems),
            "Correct it; `gcms-tui init` writes one with every key explained.",
        )
    settings = replace(settings, payroll=_in_named_schemas(settings, table.get("payroll", {})))
    if settings.state_dir == Path():
        settings = replace(settings, state_dir=default_state_dir(env))
    return replace(settings, path=file.path.resolve())


def _in_named_schemas(settings: Settings, given: Mapping[str, Any]) -> PayrollSettings:
    """Payroll's tables, those that the file does not name moved to where it says gold and bronze are."""
    payroll, schemas = settings.payroll, settings.schemas
    places = {
        "fact": schemas.gold,
        "dim_musician": schemas.gold,
        "dim_concert": schemas.gold,
        "source_payment": schemas.bronze,
    }
    moved = {
        name: replace(getattr(payroll, name), schema=folded(schema))
        for name, schema in places.items()
        if name not in given
    }
    return replace(payroll, **moved)


def default_state_dir(env: Mapping[str, str]) -> Path:
    return xdg_dir(env, "XDG_STATE_HOME", ".local/state") / "gcms-tui"


def xdg_dir(env: Mapping[str, str], variable: str, fallback: str) -> Path:
    """An XDG base directory; as the specification wants it, a relative one is ignored."""
    given = _path(env.get(variable))
    return given if given is not None and given.is_absolute() else Path.home() / fallback


def effective_read_only(settings: Settings, flag: bool, env: Mapping[str, str], target: str | None) -> ReadOnly:
    """The most restrictive of all who have a say. A target that is not known counts as a protected one."""
    variable = env.get("GCMS_READ_ONLY", "").strip().lower()
    protected = {name.lower() for name in settings.read_only_targets}
    if flag:
        return ReadOnly(True, "--read-only")
    if variable not in ("", "0", "false", "no", "off"):
        return ReadOnly(True, "$GCMS_READ_ONLY")
    if settings.read_only:
        return ReadOnly(True, f"read_only in {settings.path or FILE_NAME}")
    if protected and (target is None or target.lower() in protected):
        return ReadOnly(True, f"read_only_targets holds {target}" if target else "the target is not known")
    return ReadOnly(False, "read_only = false, and nothing else forbids it")


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _complaints(settings: Settings) -> Iterator[tuple[Key, str]]:
    """What the types alone cannot tell."""
    yield from _identifier_complaints(settings)
    yield from _snowflake_complaints(settings)
    for index, source in enumerate(settings.sources):
        if not 0 < source.warn_after_h <= source.fail_after_h < inf:
            yield (
                ("sources", index, "warn_after_h"),
                f"0 < warn_after_h ({source.warn_after_h:g}) <= fail_after_h ({source.fail_after_h:g}) does not hold",
            )
    for index, item in enumerate(settings.scd2):
        if item.closing not in (None, *CLOSINGS):
            yield ("scd2", index, "closing"), f"{' or '.join(CLOSINGS)} is wanted, not {item.closing!r}"
    for name, tables in (
        ("sources", [source.table for source in settings.sources]),
        ("scd2", [item.table for item in settings.scd2]),
    ):
        for index, table in enumerate(tables):
            if table in tables[:index]:
                yield (name, index, "table"), f"{table} stands here twice"
    yield from _payroll_complaints(settings.payroll)
    yield from _supabase_complaints(settings.supabase)
    yield from _store_complaints(settings)
    base_url = settings.airbyte.base_url
    if base_url is not None and not base_url.startswith(("https://", "http://")):
        yield ("airbyte", "base_url"), "a URL with http:// or https:// is wanted"
    if settings.airbyte.client_secret_env is not None and settings.airbyte.client_secret_file is not None:
        yield ("airbyte",), "only one of client_secret_env and client_secret_file may be given"
    if settings.airbyte.timeout_s < 1:
        yield ("airbyte", "timeout_s"), "at least 1 second is wanted"
    yield from _notify_complaints(settings.notify)
    yield from _runbook_complaints(settings.runbook)
    yield from _escalation_complaints(settings.contacts)
    if settings.console.refresh:
        try:
            parse_duration(settings.console.refresh)
        except ValueError as error:
            yield ("console", "refresh"), str(error)


def _escalation_complaints(contacts: ContactSettings) -> Iterator[tuple[Key, str]]:
    if contacts.escalation == ContactSettings().escalation:
        return
    from gcms_tui.core.incidents.escalation import parse_path

    try:
        parse_path(contacts.escalation)
    except ValueError as error:
        yield ("contacts", "escalation"), str(error)


def _notify_complaints(notify: NotifySettings) -> Iterator[tuple[Key, str]]:
    if not set(notify.events) <= set(NOTICES):
        # What stands there is not repeated: it may be a URL, which is a secret.
        yield ("notify", "events"), f"{', '.join(NOTICES)} are wanted, and something else stands there"
    if notify.urls_env is not None and notify.urls_file is not None:
        yield ("notify",), "only one of urls_env and urls_file may be given"
    if notify.events and notify.urls_env is None and notify.urls_file is None:
        yield ("notify", "events"), "nobody is told: urls_env or urls_file is wanted"
    if not 0 < notify.repeat_after_h < inf:
        yield ("notify", "repeat_after_h"), "more than 0 hours are wanted"


def _runbook_complaints(runbook: RunbookSettings) -> Iterator[tuple[Key, str]]:
    if not 0 <= runbook.row_count_alert_percent < inf:  # more than nan is nothing: no growth would ever be told
        yield ("runbook", "row_count_alert_percent"), "0 or more are wanted"
    if not 0 <= runbook.correction_tolerance_min <= _TOLERATED_MIN:
        yield ("runbook", "correction_tolerance_min"), f"0 to {_TOLERATED_MIN:,} are wanted"


def _payroll_complaints(payroll: PayrollSettings) -> Iterator[tuple[Key, str]]:
    for name in ("calculated_within_h", "source_within_h", "checks_hold_h", "signing_holds_h"):
        if not 0 < getattr(payroll, name) < inf:
            yield ("payroll", name), "more than 0 hours are wanted"
    if not _is_amount(payroll.tolerance):
        yield ("payroll", "tolerance"), f'an amount such as "0.01" is wanted, not {payroll.tolerance!r}'
    for name in ("baseline_tests", "spot_check_rows"):
        if (number := getattr(payroll, name)) is not None and number < 1:
            yield ("payroll", name), f"at least 1 is wanted, not {number}"
    if not 0 <= payroll.change_alert_percent < inf:
        yield ("payroll", "change_alert_percent"), "0 or more are wanted"
    # A login in two lists is right: whoever stands in for another is refused only the second role of one payroll.
    for name in ("engineers", "finance", "managers"):
        if any(not login.strip() or login != login.strip() for login in getattr(payroll, name)):
            yield ("payroll", name), "logins are wanted, without blanks around them"


def _supabase_complaints(supabase: SupabaseSettings) -> Iterator[tuple[Key, str]]:
    for prefix in ("", "write_"):
        names = [f"{prefix}{name}" for name in ("dsn_env", "dsn_file", "service")]
        if sum(getattr(supabase, name) is not None for name in names) > 1:
            yield ("supabase",), f"only one of {names[0]}, {names[1]} and {names[2]} may be given"
    try:
        Relation.parse_postgres(supabase.payment_table)
    except ValueError as error:
        yield ("supabase", "payment_table"), str(error)


def _store_complaints(settings: Settings) -> Iterator[tuple[Key, str]]:
    store = settings.store
    if sum(item is not None for item in (store.url, store.url_env, store.url_file)) > 1:
        yield ("store",), "only one of url, url_env and url_file may be given"
    if store.url is not None:
        try:
            parts = urlsplit(store.url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("postgresql", "postgres"):
            yield ("store", "url"), "postgresql://user@host/database is wanted"
        elif parts.password is not None or "password" in unquote(parts.query).lower():
            yield ("store", "url"), "a password does not belong here: put the URL into url_env or url_file"


def _snowflake_complaints(settings: Settings) -> Iterator[tuple[Key, str]]:
    snowflake = settings.snowflake
    if not 1 <= snowflake.connections <= 64:
        yield ("snowflake", "connections"), f"1 to 64 are wanted, not {snowflake.connections}"
    for name in ("login_timeout_s", "network_timeout_s", "statement_timeout_s", "write_timeout_s"):
        if getattr(snowflake, name) < 1:
            yield ("snowflake", name), "at least 1 second is wanted"
    if snowflake.network_timeout_s < snowflake.statement_timeout_s:
        yield (
            ("snowflake", "network_timeout_s"),
            f"less than statement_timeout_s ({snowflake.statement_timeout_s}): "
            "a read that may still run would be given up",
        )


def _identifier_complaints(settings: Settings) -> Iterator[tuple[Key, str]]:
    schemas = settings.schemas
    named: list[tuple[Key, str | None]] = [
        (("schemas", name), getattr(schemas, name))
        for name in ("raw", "bronze", "silver", "gold", "test_results", "ops")
    ]
    for index, source in enumerate(settings.sources):
        named.append((("sources", index, "timestamp_column"), source.timestamp_column))
    columns = (
        *("natural_key", "scd_id", "effective_from", "effective_to", "is_current"),
        *("recorded_at", "inserted_at", "updated_at"),
    )
    for index, table in enumerate(settings.scd2):
        named.extend((("scd2", index, name), getattr(table, name)) for name in columns)
    for key, name in named:
        if name is not None and (message := _identifier_complaint(name)):
            yield key, message
    if _identifier_complaint(f"X{schemas.backup_suffix}") or not schemas.backup_suffix:
        yield ("schemas", "backup_suffix"), "letters, digits, _ and $ are wanted, at least one"


def _identifier_complaint(name: str) -> str:
    try:
        folded(name)
    except ValueError as error:
        return str(error)
    return ""


def _is_amount(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0
