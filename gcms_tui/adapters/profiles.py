"""dbt's `profiles.yml`, read as dbt reads it, without importing dbt (which takes seconds).

The rules are dbt's: `target` is rendered first, then only the chosen output; a Jinja expression keeps its native type
through `as_number`, `as_bool` and `as_native` and is text otherwise; a value under `password` that is not valid Jinja
stands as it is. One rule is stricter: where X is not set, dbt logs in with the very text `{{ env_var("X") }}` as the
password; here that is an error that names X, as it is under every other key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from gcms_tui.adapters.credentials import SECRET_KEYS, Credentials, refuse_browser
from gcms_tui.adapters.files import read_text
from gcms_tui.adapters.profile_jinja import Renderer, RenderError
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import DbtSettings


@dataclass(frozen=True, slots=True)
class DbtProject:
    """What `dbt_project.yml` says about itself."""

    directory: Path
    name: str
    profile: str | None
    target_path: Path
    """Where dbt leaves its artifacts."""
    log_path: Path
    """Where dbt.log is."""
    macro_paths: tuple[str, ...] = ("macros",)
    """The directories of its macros, from its own."""


@dataclass(frozen=True, slots=True)
class Output:
    """One target of one profile, rendered."""

    file: Path
    found_by: str
    profile: str
    target: str
    credentials: Credentials
    database: str
    schema: str
    plain: Mapping[str, str] = field(default_factory=dict)
    """What of it may be shown: no login, no secret, and nothing that only this profile knows."""


def read_project(settings: DbtSettings, env: Mapping[str, str]) -> DbtProject:
    """The dbt project of the settings. Raises `ConfigError` where there is none or it cannot be read."""
    directory = settings.project_dir
    if directory is None:
        raise ConfigError(
            "No dbt project",
            "gcms.toml names none.",
            "Set project_dir under [dbt] to the directory of dbt_project.yml.",
        )
    file = directory / "dbt_project.yml"
    if not file.is_file():
        raise ConfigError("No dbt project", f"There is no {file}.", "Correct project_dir under [dbt] in gcms.toml.")
    content = _mapping(file, "dbt_project.yml")
    renderer = Renderer(env)
    try:
        profile, target_path, log_path = (
            renderer.render(content.get(key)) for key in ("profile", "target-path", "log-path")
        )
    except RenderError as error:
        raise ConfigError("dbt_project.yml cannot be rendered", f"{file}: {error}", _env_advice(error)) from None
    target_path = _engine_variable(env, "TARGET_PATH") or target_path or "target"
    log_path = _engine_variable(env, "LOG_PATH") or log_path or "logs"
    return DbtProject(
        directory,
        str(content.get("name", "")),
        str(profile) if profile is not None else None,
        directory / str(target_path),
        directory / str(log_path),
        _macro_paths(content.get("macro-paths")),
    )


def _macro_paths(said: object) -> tuple[str, ...]:
    return tuple(map(str, said)) if isinstance(said, list) and said else ("macros",)


def read_output(settings: DbtSettings, project: DbtProject | None, env: Mapping[str, str]) -> Output:
    """The chosen output of `profiles.yml`.

    Target: `settings.target`, else `$DBT_TARGET`, else the profile's own. Raises `ConfigError` saying which file,
    profile, target or variable is missing.
    """
    file, found_by = profiles_file(settings, project, env)
    if not file.is_file():
        raise ConfigError(
            "No profiles.yml",
            f"There is no {file} ({found_by}).",
            "Set profiles_dir under [dbt] in gcms.toml, or DBT_PROFILES_DIR.",
        )
    name, profile = _profile(file, settings, project, env)
    target, data = _rendered(file, name, profile, settings.target or _engine_variable(env, "TARGET"), Renderer(env))
    source = f"{file}, profile {name}, target {target}"
    return Output(
        file=file,
        found_by=found_by,
        profile=name,
        target=target,
        credentials=credentials_of(data, source, directory=project.directory if project else file.parent),
        database=str(data.get("database", "")),
        schema=str(data.get("schema", "")),
        plain={key: str(data[key]) for key in _PLAIN if data.get(key) is not None},
    )


def target_names(settings: DbtSettings, project: DbtProject | None, env: Mapping[str, str]) -> tuple[str, ...]:
    """The targets of the profile, in the file's order. None of them is rendered. Raises `ConfigError`."""
    file, _ = profiles_file(settings, project, env)
    outputs = _profile(file, settings, project, env)[1].get("outputs")
    return tuple(map(str, outputs)) if isinstance(outputs, dict) else ()


def profiles_file(settings: DbtSettings, project: DbtProject | None, env: Mapping[str, str]) -> tuple[Path, str]:
    """Where dbt looks for `profiles.yml`, started in the project's directory, and why there."""
    directory, found_by = _profiles_dir(settings, project, env)
    return directory / "profiles.yml", found_by


def credentials_of(data: Mapping[str, Any], source: str, *, directory: Path) -> Credentials:
    """dbt's keys as the connector's arguments; a relative key path is taken from `directory`, where dbt runs.

    Raises `ConfigError` for another adapter, a missing or wrong-typed key, or a login that needs a browser.
    """
    if data.get("type") != "snowflake":
        raise ConfigError(
            "Not a Snowflake target", f"{source} is of type {data.get('type')!r}.", "Choose another target."
        )
    for key, kind in _KINDS.items():
        value = data.get(key)
        missing = value is None and key in _REQUIRED
        if missing or (value is not None and (not isinstance(value, kind) or isinstance(value, bool))):
            fault = "is missing" if missing else f"must be {'a whole number' if kind is int else 'text'}"
            raise ConfigError("The target is incomplete", f"{source}: {key} {fault}.", "Correct it in profiles.yml.")
    authenticator = data.get("authenticator")
    refuse_browser(authenticator, source)
    if data.get("private_key") and data.get("private_key_path"):
        raise ConfigError(
            "Two private keys", f"{source} has both private_key and private_key_path.", "Keep one of them."
        )
    public: dict[str, Any] = {key: data[key] for key in _PASSED_ON if data.get(key) is not None}
    public["account"] = str(data["account"]).replace("_", "-")
    secrets = {key: Secret(str(data[key])) for key in SECRET_KEYS if data.get(key)}
    path = data.get("private_key_path")
    refresh = False
    match str(authenticator or "").lower():
        case "jwt":
            public["authenticator"] = "oauth"
        case "oauth" if data.get("oauth_client_id") and "oauth_client_secret" in secrets and "token" in secrets:
            refresh = True
        case "username_password_mfa":
            public["client_request_mfa_token"] = True
    _require_a_secret(public, secrets, path, source)
    return Credentials(
        source,
        MappingProxyType(public),
        MappingProxyType(secrets),
        (directory / Path(path).expanduser()) if path else None,
        refresh,
    )


_PASSED_ON = (
    "user", "database", "schema", "warehouse", "role", "authenticator", "host", "port", "protocol", "proxy_host",
    "proxy_port", "oauth_client_id", "oauth_token_request_url", "oauth_scope", "workload_identity_provider",
    "workload_identity_entra_resource",
)  # fmt: skip
_REQUIRED = ("account", "database", "schema")
_PLAIN = (
    "account", "host", "port", "protocol", "database", "schema", "warehouse", "role", "authenticator", "threads",
    "query_tag", "client_session_keep_alive", "connect_retries", "connect_timeout", "retry_on_database_errors",
    "retry_all", "reuse_connections",
)  # fmt: skip
_KINDS: Mapping[str, type] = {
    **dict.fromkeys((*_REQUIRED, *_PASSED_ON, *SECRET_KEYS, "private_key_path"), str),
    "port": int,
    "proxy_port": int,
}
_USER_IS_OPTIONAL = ("oauth", "oauth_client_credentials", "programmatic_access_token", "workload_identity")


def _require_a_secret(public: Mapping[str, Any], secrets: Mapping[str, Secret], path: object, source: str) -> None:
    authenticator = str(public.get("authenticator") or "").lower()
    if not public.get("user") and authenticator not in _USER_IS_OPTIONAL:
        raise ConfigError("The target is incomplete", f"{source}: user is missing.", "Correct it in profiles.yml.")
    if not secrets and not path and authenticator != "workload_identity":
        raise ConfigError(
            "Nothing to log in with",
            f"{source} has no password, private key or token.",
            "A key pair is best: private_key_path, with its passphrase from env_var().",
        )


def _profile(
    file: Path, settings: DbtSettings, project: DbtProject | None, env: Mapping[str, str]
) -> tuple[str, Mapping[str, Any]]:
    profiles = _mapping(file, "profiles.yml")
    name = settings.profile or _engine_variable(env, "PROFILE") or (project.profile if project else None)
    if name is None:
        raise ConfigError(
            "No profile named",
            "Neither gcms.toml nor dbt_project.yml names one.",
            "Set profile under [dbt] in gcms.toml.",
        )
    profile = profiles.get(name)
    if not isinstance(profile, dict):
        known = ", ".join(str(key) for key in profiles if key != "config") or "none"
        raise ConfigError("No such profile", f"{file} has no profile {name}.", f"It has: {known}.")
    return name, profile


def _profiles_dir(settings: DbtSettings, project: DbtProject | None, env: Mapping[str, str]) -> tuple[Path, str]:
    if settings.profiles_dir is not None:
        return settings.profiles_dir, "profiles_dir in gcms.toml"
    start = project.directory if project else Path.cwd()
    if named := _engine_variable(env, "PROFILES_DIR"):
        return start / Path(named).expanduser(), "$DBT_PROFILES_DIR"
    if (start / "profiles.yml").is_file():
        return start, "beside the dbt project"
    return Path.home() / ".dbt", "dbt's default"


def _engine_variable(env: Mapping[str, str], name: str) -> str | None:
    """dbt takes each of its own variables under a new and an old name."""
    return env.get(f"DBT_ENGINE_{name}") or env.get(f"DBT_{name}") or None


def _rendered(
    file: Path, name: str, profile: Mapping[str, Any], wanted: str | None, renderer: Renderer
) -> tuple[str, dict[str, Any]]:
    where = f"{file}, profile {name}"
    try:
        target = wanted if wanted is not None else str(renderer.render(profile.get("target", "default")))
        outputs = profile.get("outputs")
        if not isinstance(outputs, dict):
            raise ConfigError("The profile has no outputs", where, "Add outputs: with at least one target.")
        if target not in outputs:
            known = ", ".join(map(str, outputs)) or "none"
            raise ConfigError("No such target", f"{where} has no target {target}.", f"It has: {known}.")
        if not isinstance(outputs[target], dict):
            raise ConfigError("The target is incomplete", f"{where}: target {target} is no mapping.", "Correct it.")
        return target, _render_all(outputs[target], (), renderer)
    except RenderError as error:
        raise ConfigError("profiles.yml cannot be rendered", f"{where}: {error}", _env_advice(error)) from None


def _render_all(value: Any, at: tuple[str | int, ...], renderer: Renderer) -> Any:
    if isinstance(value, dict):
        return {key: _render_all(item, (*at, key), renderer) for key, item in value.items()}
    if isinstance(value, list):
        return [_render_all(item, (*at, index), renderer) for index, item in enumerate(value)]
    if isinstance(value, date):
        return value.isoformat()
    try:
        return renderer.render(value)
    except RenderError as error:
        if "password" in at and not error.variable:
            return value
        raise RenderError(f"{'.'.join(map(str, at))}: {error}", error.variable) from None


def _env_advice(error: RenderError) -> str:
    if error.variable:
        return f"Set it before you start: export {error.variable}=…"
    return "Correct the Jinja expression."


def _mapping(file: Path, what: str) -> dict[Any, Any]:
    text = read_text(file, what)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # The parser's whole message quotes the line, which may hold a password.
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        fault = re.sub(r"['\"].*['\"]", "…", str(getattr(error, "problem", "") or "not YAML"))
        raise ConfigError(f"Broken {what}", f"{file}: {place}: {fault}.", "Correct the file at that place.") from None
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"Empty {what}", f"{file} holds no mapping.", "Fill it, or name another one.")
    return content
