"""The practice platform's people may be played there, and nobody anywhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gcms_tui.adapters.acting import is_this_machine, may_act, who_acts
from gcms_tui.adapters.person import who_asks
from gcms_tui.core.errors import Refused
from gcms_tui.core.settings import PayrollSettings, Settings, StoreSettings, SupabaseSettings

PEOPLE = PayrollSettings(engineers=("erin",), finance=("frank", "erin"), managers=("maria",))
PRACTICE = Settings(sandbox=True, payroll=PEOPLE)


def test_one_of_the_listed_people_is_played_from_where_whoever_asks_sits() -> None:
    env = {"SSH_CONNECTION": "10.0.0.7 5 10.0.0.1 22"}
    asking = who_asks(env)
    assert who_acts(PRACTICE, env, "frank", "127.0.0.1:4711") == replace(asking, user="frank")
    assert who_acts(PRACTICE, env, None, "127.0.0.1") == who_acts(Settings(), env, None, "") == asking
    assert may_act(PRACTICE, env, "localhost") == (
        ("erin", "engineer, finance"), ("frank", "finance"), ("maria", "manager"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "host", "name", "says"),
    [
        (PRACTICE, "127.0.0.1", "mallory", "'mallory' is none of those who may be played: erin"),
        (PRACTICE, "127.0.0.1", "", "is none of those"),
        (PRACTICE, "127.0.0.1", "ERIN", "is none of those"),
        (PRACTICE, "acc.snowflakecomputing.com", "erin", "its warehouse is not on this machine"),
        (replace(PRACTICE, sandbox=False), "127.0.0.1", "erin", "this is not the practice platform"),
        (Settings(sandbox=True), "127.0.0.1", "erin", "nobody is under"),
    ],
)
def test_nobody_else_is_played(settings: Settings, host: str, name: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        who_acts(settings, {}, name, host)
    assert caught.value.guard == "as"
    assert (may_act(settings, {}, host) == ()) is (name == "erin")


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.9.9.9:443", True), ("::1", True), ("[::1]:443", True),
        ("", False), ("localhost.evil.org", False), ("127.0.0.1.evil.org:80", False), ("127.0.0.1:80@evil.org", False),
        ("10.0.0.1", False), ("0.0.0.0", False), ("::1:443", False), ("127.0.0.1/x", False), ("acc:443", False),
    ],
)  # fmt: skip
def test_only_what_can_be_nothing_else_is_this_machine(host: str, here: bool) -> None:
    assert is_this_machine(host) is here


@pytest.mark.parametrize(
    ("elsewhere", "by_dsn"),
    [
        ({"supabase": SupabaseSettings(dsn_env="DSN")}, True),
        ({"supabase": SupabaseSettings(write_dsn_env="DSN")}, True),
        ({"supabase": SupabaseSettings(service="gcms")}, False),
        ({"supabase": SupabaseSettings(dsn_env="UNSET")}, False),
        ({"store": StoreSettings(url="postgresql://ops@db.example.org/ops")}, False),
    ],
)
def test_nobody_is_played_where_pay_or_signatures_would_be_kept_elsewhere(
    elsewhere: dict[str, Any], by_dsn: bool
) -> None:
    env = {"DSN": "postgresql://gcms@127.0.0.1,db.example.org/supabase"}
    settings = replace(PRACTICE, **elsewhere)
    assert may_act(settings, env, "127.0.0.1") == ()
    with pytest.raises(Refused) as refused:
        who_acts(settings, env, "frank", "127.0.0.1")
    assert refused.value.guard == "as"
    here = {"DSN": "postgresql://gcms@127.0.0.1:5432/supabase"}
    assert bool(may_act(settings, here, "127.0.0.1")) is by_dsn
