"""What it takes to log in to Snowflake, whoever wrote it down: dbt's profiles.yml or Snowflake's connections.toml."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gcms_tui.core.errors import ConfigError, Unavailable
from gcms_tui.core.secret import Secret, masked

SECRET_KEYS = frozenset(
    {
        "password",
        "passcode",
        "token",
        "private_key",
        "private_key_raw",
        "private_key_passphrase",
        "private_key_file_pwd",
        "oauth_client_secret",
        "proxy_password",
        "session_token",
        "master_token",
    }
)
"""The keys of a profile or connection whose values are never shown."""

BROWSER_ADVICE = (
    "A browser cannot be opened from here. Use a key pair (private_key_path), a programmatic access token "
    "(authenticator: programmatic_access_token, token: …) or OAuth client credentials."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Arguments for `snowflake.connector.connect`, the secret ones apart."""

    source: str
    """Where they were read: `/home/me/.dbt/profiles.yml, profile gcms, target prod`."""
    public: Mapping[str, Any]
    secrets: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    private_key_path: Path | None = None
    refresh_token: bool = False
    """`token` is an OAuth refresh token, to be exchanged for an access token before the login."""

    @property
    def where(self) -> str:
        """The host, as messages name it."""
        host = self.public.get("host") or f"{self.public.get('account', '?')}.snowflakecomputing.com"
        port = self.public.get("port")
        return f"{host}:{port}" if port else str(host)

    @property
    def method(self) -> str:
        """How it logs in, in words."""
        authenticator = str(self.public.get("authenticator") or "").lower()
        if self.private_key_path or "private_key" in self.secrets:
            return "key pair"
        return _METHODS.get(authenticator, authenticator or "password")

    def arguments(self) -> dict[str, Any]:
        """Everything in clear, for the one call of `connect`.

        Raises `ConfigError` where a private key cannot be read, `Unavailable` where a refresh token cannot be
        exchanged.
        """
        shown = dict(self.public)
        hidden = {key: secret.reveal() for key, secret in self.secrets.items()}
        if self.private_key_path or "private_key" in hidden:
            shown["private_key"] = _private_key(
                self.private_key_path, hidden.pop("private_key", None), hidden.pop("private_key_passphrase", None)
            )
        if self.refresh_token:
            hidden["token"] = _access_token(self, hidden.pop("token"), hidden.pop("oauth_client_secret"))
        return {**shown, **hidden}

    def masked(self, text: str) -> str:
        """`text` without any of the secrets, should a server have sent one back."""
        return masked(text, self.secrets.values())


_METHODS = {
    "": "password",
    "snowflake": "password",
    "snowflake_jwt": "key pair",
    "username_password_mfa": "password with MFA",
    "programmatic_access_token": "programmatic access token",
    "oauth": "OAuth token",
    "oauth_client_credentials": "OAuth client credentials",
    "workload_identity": "workload identity",
}


def refuse_browser(authenticator: object, source: str) -> None:
    """Raises `ConfigError` for the ways to log in that need a browser on this screen."""
    if str(authenticator or "").lower() in ("externalbrowser", "oauth_authorization_code"):
        raise ConfigError("This login needs a browser", f"{source} says authenticator {authenticator}.", BROWSER_ADVICE)


def _private_key(path: Path | None, inline: str | None, passphrase: str | None) -> bytes:
    """The key as PKCS #8 DER. `inline` is PEM text or base64 of DER, as dbt takes it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    where = str(path) if path else "the private key in the profile"
    password = passphrase.encode() if passphrase else None
    try:
        if path is not None:
            key = serialization.load_pem_private_key(path.read_bytes(), password)
        elif inline is not None and inline.startswith("-"):
            key = serialization.load_pem_private_key(inline.encode(), password)
        else:
            key = serialization.load_der_private_key(base64.b64decode(inline or ""), password)
    except OSError as error:
        raise ConfigError(
            "Cannot read the private key", f"{where}: {error.strerror}.", "Check private_key_path."
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
        # The library's own words may quote the material.
        raise ConfigError(
            "Cannot use the private key",
            f"{where} is not a private key in PEM or base64 DER, or its passphrase is wrong or missing.",
            "Check private_key_passphrase; `openssl pkcs8 -in KEY -topk8 -v2 aes256` rewrites an old key.",
        ) from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _access_token(credentials: Credentials, refresh_token: str, client_secret: str) -> str:
    """The access token for a refresh token, asked of the account itself, as dbt does."""
    import json
    from urllib.error import HTTPError, URLError
    from urllib.parse import urlencode
    from urllib.request import Request, urlopen

    protocol = credentials.public.get("protocol") or "https"
    url = f"{protocol}://{credentials.where}/oauth/token-request"
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        # Not used for a refresh, but the endpoint wants one.
        "redirect_uri": "http://localhost:9999",
    }
    basic = base64.b64encode(f"{credentials.public['oauth_client_id']}:{client_secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
    }
    try:
        with urlopen(Request(url, urlencode(form).encode(), headers), timeout=_TOKEN_TIMEOUT_S) as response:
            answer = json.load(response)
    except HTTPError as error:
        raise _no_token(credentials, f"it answered HTTP {error.code}") from None
    except (URLError, TimeoutError, OSError, ValueError) as error:
        raise _no_token(credentials, str(getattr(error, "reason", error))) from None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str):
        raise _no_token(credentials, "it sent no access_token: the refresh token has probably expired")
    return token


_TOKEN_TIMEOUT_S = 10


def _no_token(credentials: Credentials, reason: str) -> Unavailable:
    return Unavailable(
        "No OAuth access token",
        f"{credentials.where} gave none for the refresh token in {credentials.source}: {credentials.masked(reason)}.",
        "Renew the refresh token, or use a key pair.",
    )
