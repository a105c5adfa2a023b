"""Who may sign a payroll, and whether three signatures are three people's, on the file that leaves."""

from __future__ import annotations

from collections.abc import Iterator

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.roles import Role, Signers, account
from gcms_tui.core.payroll.run import PayrollRun, Signature
from gcms_tui.core.payroll.statement import statement
from gcms_tui.core.settings import PayrollSettings


def signers_of(settings: PayrollSettings) -> Signers:
    """The configured logins."""
    return Signers({Role.ENGINEER: settings.engineers, Role.FINANCE: settings.finance, Role.MANAGER: settings.managers})


def not_on_list(run: PayrollRun, role: Role, login: str, signers: Signers) -> Refused | None:
    """Why `login` has no say in this role; None where they have."""
    if role in signers.roles_of(login):
        return None
    listed = ", ".join(signers.logins.get(role, ())) or "nobody"
    return Refused(
        "Not on the list",
        f"{login} is not among those who sign as {role.named}: {listed}.",
        f"Ask one of them; whom a role is given to stands in {_LISTS[role]} under [payroll] in gcms.toml. "
        f"gcms-tui payroll show {run.run_id}",
        guard="role",
    )


def refusal(run: PayrollRun, role: Role, login: str, signers: Signers) -> Refused | None:
    """Why `login` may not sign in this role; None where they may. Whoever has one login is one person, from whatever
    host and however that spells it."""
    if refused := not_on_list(run, role, login, signers):
        return refused
    other = next(
        (
            item
            for item in run.signatures.values()
            if account(item.by.person.user) == account(login) and item.role is not role
        ),
        None,
    )
    if other is not None:
        return Refused(
            "Three different people sign",
            f"{other.by.person.user} has signed as {other.role.named}, on {other.by.person.host} at "
            f"{other.by.at:%Y-%m-%d %H:%M} UTC: nobody signs in two roles.",
            f"Ask somebody else who signs as {role.named}.",
            guard="one_person",
        )
    if role in run.signatures:
        by = run.signatures[role].by
        return Refused(
            "Signed already",
            f"{role.named} was signed by {by.person.user} at {by.at:%Y-%m-%d %H:%M} UTC.",
            f"gcms-tui payroll show {run.run_id}",
            guard="signed",
        )
    return None


def faults(run: PayrollRun, signers: Signers, *, keys: bool) -> tuple[str, ...]:
    """What is wrong with a run's signatures, in words; empty where three people on the lists signed this very file.

    `keys`: signatures by keys are wanted. Whether one is genuine is for ssh-keygen to say.
    """
    return tuple(_faults(run, signers, keys))


def _faults(run: PayrollRun, signers: Signers, keys: bool) -> Iterator[str]:
    if run.exported is None or run.frozen is None:
        yield "there is no file that could be signed"
        return
    for role in Role:
        signature = run.signatures.get(role)
        if signature is None:
            yield f"{role.named} has not signed"
            continue
        login = signature.by.person.user
        if role not in signers.roles_of(login):
            yield f"{login}, who signed as {role.named}, is not on that list"
        if signature.sha256 != run.exported.sha256:
            yield f"{login} signed another file than {run.exported.file}"
        if signature.statement != statement(run, role):
            yield f"{login} signed another statement as {role.named} than the one that holds now"
        yield from _key_faults(signature, keys)
    yield from _shared(run)


def _key_faults(signature: Signature, keys: bool) -> Iterator[str]:
    login = signature.by.person.user
    if keys and not signature.armoured:
        yield f"{login} signed without a key, and allowed_signers wants one"
    if signature.armoured and not keys:
        yield f"{login} signed with a key, and no allowed_signers is configured here to verify it by"


def _shared(run: PayrollRun) -> Iterator[str]:
    """One login, or one key, in two roles."""
    signed = [run.signatures[role] for role in Role if role in run.signatures]
    for number, later in enumerate(signed):
        for earlier in signed[:number]:
            roles = f"{earlier.role.named} and {later.role.named}"
            if account(earlier.by.person.user) == account(later.by.person.user):
                yield f"{later.by.person.user} signed as {roles}"
            elif later.key and later.key == earlier.key:
                yield f"{roles} were signed with one key"


_LISTS = {Role.ENGINEER: "engineers", Role.FINANCE: "finance", Role.MANAGER: "managers"}
