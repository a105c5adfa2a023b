"""Who signs a payroll: three roles, three different people."""

from __future__ import annotations

import unicodedata
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


def account(login: str) -> str:
    """Whose it is: one person's login has a domain on one host and none on the next, and capitals on a third. Two
    people of one name in two domains are taken for one, which lets neither of them sign for the other."""
    name = unicodedata.normalize("NFKC", login).casefold().rpartition("\\")[2]
    return name.partition("@")[0] or name


@dataclass(frozen=True, slots=True)
class Signers:
    """The configured logins of each role."""

    logins: Mapping[Role, tuple[str, ...]]

    def roles_of(self, login: str) -> tuple[Role, ...]:
        return tuple(role for role in Role if login in self.logins.get(role, ()))
