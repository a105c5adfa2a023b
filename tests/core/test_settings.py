"""Settings tell nothing of themselves."""

from __future__ import annotations

from dataclasses import fields

from gcms_tui.core import settings
from gcms_tui.core.settings import Settings, StoreSettings

TABLES = [kind for name, kind in vars(settings).items() if name.endswith("Settings")]


def test_what_should_not_have_been_written_there_is_not_shown() -> None:
    store = StoreSettings(url="postgresql://ops:s3cr3t@db.example.org/postgres")
    assert "s3cr3t" not in f"{store!r} {store} {Settings(store=store)!r} {Settings(store=store)}"


def test_every_field_has_its_documentation_and_is_not_shown() -> None:
    assert len(TABLES) > 10
    for kind in TABLES:
        for one in fields(kind):
            assert one.metadata["doc"] and (not one.repr or one.name == "path"), f"{kind.__name__}.{one.name}"
