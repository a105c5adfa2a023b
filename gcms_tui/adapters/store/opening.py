"""The store that the configuration names, and everything that is kept in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gcms_tui.adapters.config import xdg_dir
from gcms_tui.adapters.store.anchors import AnchorFile
from gcms_tui.adapters.store.database import FILE_NAME, Database, Place, PostgresPlace, SqlitePlace
from gcms_tui.adapters.store.health_history import HealthHistory
from gcms_tui.adapters.store.journal import Journal
from gcms_tui.adapters.store.leases import Leases
from gcms_tui.adapters.store.look import StoreSeen, look
from gcms_tui.adapters.store.payroll_runs import PayrollRuns
from gcms_tui.adapters.store.plans import Plans
from gcms_tui.adapters.supabase import kept_apart
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.run import Person
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Store:
    """Over one database. Nothing is opened before it is asked."""

    where: str
    """As a person knows it."""
    health: HealthHistory
    journal: Journal
    leases: Leases
    plans: Plans
    payroll: PayrollRuns
    database: Database

    def look(self) -> StoreSeen:
        """How it is, without changing anything. Raises `StateError`."""
        return look(self.database)


def open_store(settings: Settings, env: Mapping[str, str], person: Person, now: Callable[[], datetime]) -> Store:
    """Raises `ConfigError` where its address cannot be read."""
    place = _place(settings, env)
    database = Database(place)
    anchor_file = settings.store.anchor_file or xdg_dir(env, "XDG_DATA_HOME", ".local/share") / _ANCHOR_FILE
    anchors = AnchorFile(anchor_file, place.path if isinstance(place, SqlitePlace) else None)
    journal = Journal(database, person, now, anchors)
    leases = Leases(database, person, journal, now)
    return Store(
        place.where, HealthHistory(database), journal, leases, Plans(database), PayrollRuns(database), database
    )


_ANCHOR_FILE = "gcms-tui/journal-anchor.json"


def _place(settings: Settings, env: Mapping[str, str]) -> Place:
    url = store_url(settings, env)
    if url is None:
        return SqlitePlace(settings.state_dir / FILE_NAME)
    return PostgresPlace(url, _shown(url))


def store_url(settings: Settings, env: Mapping[str, str]) -> Secret | None:
    """The shared Postgres; None where the store is a file. Raises `ConfigError`."""
    store = settings.store
    if store.url is not None:
        return Secret(store.url)
    return kept_apart(store.url_env, store.url_file, env, "URL of the store")


def _shown(url: Secret) -> str:
    """Host and database, and no more."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url.reveal())
    except psycopg.ProgrammingError:
        raise ConfigError(
            "The store's address cannot be read",
            "It is neither a postgresql:// URL nor key=value pairs.",
            "Correct it.",
        ) from None
    return f"Postgres {parts.get('host') or 'here'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"
