"""Who signs a payroll: three roles, three different people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    ENGINEER = "engineer"
    FINANCE = "finance"
    MANAGER = "manager"

    @property
    def named(self) -> str:
        return _WORDS[self][0]

    @property
    def says(self) -> str:
        """What the runbook has them confirm."""
        return _WORDS[self][1]


_WORDS = {
    Role.ENGINEER: ("Data engineer", "tests pass"),
    Role.FINANCE: ("Finance", "spot checks reviewed"),
    Role.MANAGER: ("Manager", "approved for processing"),
}


@dataclass(frozen=True, slots=True)
class Signers:
    """The configured logins of each role."""

    logins: Mapping[Role, tuple[str, ...]]

    def roles_of(self, login: str) -> tuple[Role, ...]:
        return tuple(role for role in Role if login in self.logins.get(role, ()))
