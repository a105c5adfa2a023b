"""profiles.yml read as dbt reads it: dbt itself, in a child process, is the oracle."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gcms_tui.adapters.credentials import Credentials
from gcms_tui.adapters.profiles import Output, read_output, read_project
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.settings import DbtSettings

KEY = rsa.generate_private_key(65537, 2048)
PASSPHRASE = "open sesame"


def _pem(passphrase: str | None = None) -> str:
    encryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    return KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


DER = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True)
class Case:
    """One profiles.yml beside one dbt_project.yml."""

    outputs: Mapping[str, Mapping[str, Any]]
    target: str | None = None
    own_target: str | None = "dev"
    env: Mapping[str, str] = field(default_factory=dict)
    profile: str = "gcms"


def base(**more: Any) -> dict[str, Any]:
    return {
        "type": "snowflake",
        "account": "ab12345",
        "user": "me",
        "password": "secret",
        "database": "GCMS",
        "schema": "GOLD",
        "warehouse": "WH",
        **more,
    }


def without(*keys: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in base(**more).items() if key not in keys}


ALIKE: dict[str, Case] = {
    "password": Case({"dev": base()}),
    "underscores in the account": Case({"dev": base(account="my_org-my_account")}),
    "another target by name": Case({"dev": base(), "prod": base(user="robot", role="READER")}, target="prod"),
    "target is rendered first": Case(
        {"dev": base(), "ci": base(user="ci")}, own_target="{{ env_var('WHERE', 'dev') }}", env={"WHERE": "ci"}
    ),
    "no target is the one called default": Case({"default": base()}, own_target=None),
    "only the chosen output is rendered": Case({"dev": base(), "prod": base(password="{{ env_var('NOT_SET') }}")}),
    "env_var": Case({"dev": base(password="{{ env_var('PW') }}")}, env={"PW": "from the environment"}),
    "env_var default": Case({"dev": base(user="{{ env_var('WHO', 'nobody') }}")}),
    "a secret variable": Case(
        {"dev": base(password="{{ env_var('DBT_ENV_SECRET_PW') }}")}, env={"DBT_ENV_SECRET_PW": "s3cret'\"{{ x"}
    ),
    "a number stays text": Case({"dev": base(password="{{ env_var('PW') }}")}, env={"PW": "12345"}),
    "as_number": Case({"dev": base(host="h", port="{{ env_var('P') | as_number }}")}, env={"P": "8080"}),
    "as_native": Case({"dev": base(host="h", port="{{ env_var('P') | as_native }}")}, env={"P": "8080"}),
    "as_text": Case({"dev": base(user="{{ env_var('U') | as_text }}")}, env={"U": "007"}),
    "a constant expression is text": Case({"dev": base(role="{{ 8000 + 80 }}")}),
    "invalid Jinja under password": Case({"dev": base(password="pa{{ss%}wo{#rd")}),
    "text around": Case(
        {"dev": base(account="{{ env_var('ORG') }}_{{ env_var('ACC') }}")}, env={"ORG": "o", "ACC": "a"}
    ),
    "an if": Case({"dev": base(role="{% if env_var('X', 'y') == 'y' %}A{% else %}B{% endif %}")}),
    "host, port and protocol": Case({"dev": base(host="127.0.0.1", port=9, protocol="http")}),
    "key as PEM": Case({"dev": without("password", private_key=_pem())}),
    "key as PEM with passphrase": Case(
        {"dev": without("password", private_key=_pem(PASSPHRASE), private_key_passphrase=PASSPHRASE)}
    ),
    "key as base64 DER": Case({"dev": without("password", private_key=base64.b64encode(DER).decode())}),
    "key in a file": Case({"dev": without("password", private_key_path="key.p8")}),
    "key in a file with passphrase": Case(
        {"dev": without("password", private_key_path="locked.p8", private_key_passphrase="{{ env_var('PP') }}")},
        env={"PP": PASSPHRASE},
    ),
    "PAT": Case({"dev": without("password", "user", authenticator="programmatic_access_token", token="pat-1")}),
    "jwt": Case({"dev": without("password", authenticator="jwt", token="a.b.c")}),
    "oauth": Case({"dev": without("password", "user", authenticator="oauth", token="access")}),
    "MFA": Case({"dev": base(authenticator="username_password_mfa")}),
    "profile name by variable": Case({"dev": base()}, profile="{{ env_var('PROFILE', 'gcms') }}"),
}
REFUSED: dict[str, tuple[Case, str]] = {
    "no such target": (Case({"dev": base(), "ci": base()}, target="prod"), "has no target prod"),
    "unset variable": (Case({"dev": base(user="{{ env_var('WHO_AM_I') }}")}), "variable WHO_AM_I is not set"),
    "unset variable in the target": (Case({"dev": base()}, own_target="{{ env_var('WHERE') }}"), "variable WHERE is"),
    "invalid Jinja elsewhere": (Case({"dev": base(user="{{ oops")}), "user: the Jinja expression cannot be parsed"),
    "as_number of a word": (Case({"dev": base(port="{{ 'x' | as_number }}")}), "as_number: not a number"),
    "as_bool of a word": (Case({"dev": base(role="{{ 'x' | as_bool }}")}), "as_bool: not True or False"),
    "no account": (Case({"dev": without("account")}), "account is missing"),
    "no database": (Case({"dev": without("database")}), "database is missing"),
    "a port that is text": (Case({"dev": base(port="8080")}), "port must be a whole number"),
    "a port by a constant expression": (Case({"dev": base(port="{{ 8000 + 80 }}")}), "port must be a whole number"),
    "two keys": (Case({"dev": without("password", private_key=_pem(), private_key_path="key.p8")}), "has both"),
    "no such key file": (Case({"dev": without("password", private_key_path="nowhere.p8")}), "No such file"),
    "a key that is none": (Case({"dev": without("password", private_key="bm90IGEga2V5")}), "is not a private key"),
    "a wrong passphrase": (
        Case({"dev": without("password", private_key_path="locked.p8", private_key_passphrase="wrong")}),
        "passphrase is wrong",
    ),
    "another adapter": (Case({"dev": base(type="postgres")}), "is of type 'postgres'"),
    "another profile": (Case({"dev": base()}, profile="other"), "has no profile other"),
    "outside the sandbox": (
        Case({"dev": base(user="{{ ''.__class__.__mro__[1].__subclasses__() }}")}),
        "the Jinja expression fails",
    ),
}
CASES = {**ALIKE, **{name: case for name, (case, _) in REFUSED.items()}}


def lay_out(case: Case, directory: Path) -> Path:
    """The project directory of a case, profiles.yml in it."""
    directory.mkdir(parents=True)
    profile = {"outputs": case.outputs, **({"target": case.own_target} if case.own_target else {})}
    (directory / "profiles.yml").write_text(json.dumps({"gcms": profile}))
    project = {"name": "gcms", "version": "1.0", "config-version": 2, "profile": case.profile}
    (directory / "dbt_project.yml").write_text(json.dumps(project))
    (directory / "key.p8").write_text(_pem())
    (directory / "locked.p8").write_text(_pem(PASSPHRASE))
    return directory


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("profiles")
    return {name: lay_out(case, root / str(number)) for number, (name, case) in enumerate(CASES.items())}


@pytest.fixture(scope="module")
def oracle(laid_out: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """dbt's answer to every case."""
    questions = [
        {"project": str(laid_out[name]), "profiles_dir": None, "target": case.target, "env": dict(case.env)}
        for name, case in CASES.items()
    ]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dbt_oracle.py"))],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


def read(case: Case, directory: Path) -> Output:
    settings = DbtSettings(project_dir=directory, target=case.target)
    return read_output(settings, read_project(settings, case.env), case.env)


# Whether dbt passes it or the console sets it for every session alike is no matter of the profile.
_NOT_COMPARED = {"reuse_connections", "client_store_temporary_credential", "client_request_mfa_token"}


@pytest.mark.parametrize("name", ALIKE)
def test_a_target_is_read_as_dbt_reads_it(
    name: str, laid_out: dict[str, Path], oracle: dict[str, dict[str, Any]]
) -> None:
    wanted = {key: value for key, value in oracle[name].items() if value is not None and key not in _NOT_COMPARED}
    assert "error" not in wanted
    output = read(ALIKE[name], laid_out[name])
    arguments = {key: value for key, value in output.credentials.arguments().items() if key not in _NOT_COMPARED}
    if "private_key" in arguments:
        arguments["private_key"] = arguments["private_key"].hex()
    assert {"target": output.target, **arguments} == wanted


@pytest.mark.parametrize("name", REFUSED)
def test_what_dbt_refuses_is_refused_with_a_reason(
    name: str, laid_out: dict[str, Path], oracle: dict[str, dict[str, Any]]
) -> None:
    case, reason = REFUSED[name]
    if name not in ("another adapter", "outside the sandbox"):  # these dbt leaves to somebody else
        assert "error" in oracle[name]
    with pytest.raises(ConfigError) as caught:
        read(case, laid_out[name]).credentials.arguments()
    assert reason in caught.value.message
    assert caught.value.next_step


def test_an_unset_variable_under_password_is_named(tmp_path: Path) -> None:
    """Here dbt is not followed: it would log in with the template's own text as the password."""
    case = Case({"dev": base(password="{{ env_var('PW') }}")})
    with pytest.raises(ConfigError, match="the environment variable PW is not set") as caught:
        read(case, lay_out(case, tmp_path / "p"))
    assert caught.value.next_step == "Set it before you start: export PW=…"


# -- where it is found ------------------------------------------------------------------------------------------------


def test_the_directory_is_dbts_own_seen_from_the_project(tmp_path: Path, own_home: Path) -> None:
    case = Case({"dev": base(user="beside")})
    project = lay_out(case, tmp_path / "project")
    for name, path in (("home", own_home / ".dbt"), ("named", tmp_path / "named"), ("relative", project / "rel")):
        path.mkdir(parents=True)
        profile = {"gcms": {"target": "dev", "outputs": {"dev": base(user=name)}}}
        (path / "profiles.yml").write_text(json.dumps(profile))

    def who(settings: DbtSettings, env: Mapping[str, str]) -> tuple[str, str]:
        output = read_output(settings, read_project(settings, env), env)
        return output.credentials.public["user"], output.found_by

    settings = DbtSettings(project_dir=project)
    env = {"DBT_PROFILES_DIR": "rel"}
    assert who(settings, {}) == ("beside", "beside the dbt project")
    assert who(settings, env) == ("relative", "$DBT_PROFILES_DIR")
    assert who(DbtSettings(project_dir=project, profiles_dir=tmp_path / "named"), env)[0] == "named"
    (project / "profiles.yml").unlink()
    assert who(settings, {}) == ("home", "dbt's default")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no .*dbt_project\.yml"):
        read_project(DbtSettings(project_dir=tmp_path), {})
    case = Case({"dev": base()})
    project = lay_out(case, tmp_path / "p")
    (project / "profiles.yml").unlink()
    with pytest.raises(ConfigError, match=r"There is no .*\.dbt/profiles\.yml \(dbt's default\)"):
        read(case, project)


def test_the_target_of_dbts_variable_counts_where_nothing_else_says_so(tmp_path: Path) -> None:
    case = Case({"dev": base(), "prod": base()})
    settings = DbtSettings(project_dir=lay_out(case, tmp_path / "p"))
    project = read_project(settings, {})
    assert read_output(settings, project, {"DBT_TARGET": "prod"}).target == "prod"
    assert read_output(settings, project, {"DBT_ENGINE_TARGET": "prod"}).target == "prod"


@pytest.mark.parametrize("authenticator", ["externalbrowser", "ExternalBrowser", "oauth_authorization_code"])
def test_a_login_by_browser_is_refused_with_the_ways_that_work(tmp_path: Path, authenticator: str) -> None:
    case = Case({"dev": without("password", authenticator=authenticator)})
    with pytest.raises(ConfigError, match="needs a browser") as caught:
        read(case, lay_out(case, tmp_path / "p"))
    assert "key pair" in caught.value.next_step


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_no_secret_shows_in_repr_or_str(tmp_path: Path) -> None:
    planted = {key: f"planted-{key}" for key in ("password", "token", "oauth_client_secret")}
    case = Case({"dev": base(**planted, private_key=_pem())})
    output = read(case, lay_out(case, tmp_path / "p"))
    shown = f"{output!r} {output} {output.credentials!r}"
    assert "planted" not in shown
    assert "PRIVATE KEY" not in shown


def test_broken_yaml_is_located_without_quoting_it(tmp_path: Path) -> None:
    project = lay_out(Case({"dev": base()}), tmp_path / "p")
    (project / "profiles.yml").write_text("gcms:\n  outputs:\n    dev:\n      password: 'planted-pw\n  x: [\n")
    settings = DbtSettings(project_dir=project)
    with pytest.raises(ConfigError, match=r"line \d+, column \d+") as caught:
        read_output(settings, read_project(settings, {}), {})
    assert "planted" not in f"{caught.value} {caught.value.next_step}"


def test_what_a_server_sends_back_is_masked(tmp_path: Path) -> None:
    case = Case({"dev": base(password="planted-pw")})
    credentials = read(case, lay_out(case, tmp_path / "p")).credentials
    assert isinstance(credentials, Credentials)
    assert credentials.masked("wrong password planted-pw for me") == "wrong password ********** for me"


def test_reading_a_profile_does_not_import_dbt(tmp_path: Path) -> None:
    project = lay_out(Case({"dev": base()}), tmp_path / "p")
    script = (
        "import sys; from pathlib import Path; from gcms_tui.adapters.profiles import *;"
        f"s = DbtSettings(project_dir=Path({str(project)!r})); read_output(s, read_project(s, {{}}), {{}});"
        "sys.exit(', '.join({'dbt', 'snowflake', 'cryptography'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert (done.returncode, done.stderr) == (0, "")
