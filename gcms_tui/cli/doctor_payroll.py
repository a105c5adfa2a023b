"""The doctor's look at who signs a payroll, and by which keys."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import product

from gcms_tui.cli.observation import Observation, from_error, good
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.signatures import signers_of
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.core.verdict import Verdict


def payroll_observations(payroll: PayrollSettings) -> Iterator[Observation]:
    """Whether three different people can sign, and each has a key where keys are wanted."""
    signers = signers_of(payroll)
    yield _signers(signers)
    yield _keys(payroll, signers)


def _signers(signers: Signers) -> Observation:
    name = "payroll.signers"
    said = "; ".join(f"{role.value}: {', '.join(signers.logins[role]) or 'nobody'}" for role in Role)
    if any(not signers.logins[role] for role in Role):
        advice = "Payroll cannot be signed: give engineers, finance and managers under [payroll] in gcms.toml."
        return Observation(name, Verdict.WARN, said, advice)
    if not any(len(set(three)) == len(Role) for three in product(*(signers.logins[role] for role in Role))):
        advice = "Payroll cannot be signed: three different people do, each in one role."
        return Observation(name, Verdict.WARN, said, advice)
    return good(name, said)


def _keys(payroll: PayrollSettings, signers: Signers) -> Observation:
    from gcms_tui.adapters.ssh_signing import SshSigning

    name, allowed = "payroll.allowed_signers", payroll.allowed_signers
    if allowed is None:
        return good(name, "none: payroll is signed by login alone, without keys")
    if shutil.which("ssh-keygen") is None:
        summary = f"{allowed} wants signatures by keys, and there is no ssh-keygen here."
        return Observation(name, Verdict.FAIL, summary, "Install OpenSSH's client.")
    signing = SshSigning(allowed, os.environ)
    logins = sorted({login for role in Role for login in signers.logins[role]})
    try:
        without = [login for login in logins if not signing.keys_of(login)]
    except GcmsError as error:
        return from_error(name, error, Verdict.FAIL)
    if without:
        advice = 'Enter their public keys: LOGIN namespaces="gcms-payroll" ssh-ed25519 AAAA…'
        return Observation(name, Verdict.WARN, f"{allowed} has no key for {', '.join(without)}.", advice)
    return good(name, f"{allowed} has a key for everybody who signs")
