"""Who asks."""

from __future__ import annotations

import subprocess

import pytest

from gcms_tui.adapters.person import who_asks


def test_the_person_is_the_systems_and_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    system = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    person = who_asks({"USER": "mallory", "LOGNAME": "mallory", "SSH_CONNECTION": "10.0.0.7 5 10.0.0.1 22"})
    assert (person.user, person.ssh_client) == (system, "10.0.0.7")
    assert person.host
    assert who_asks({}).ssh_client == ""
    monkeypatch.setattr("os.getuid", lambda: 987_654)
    assert who_asks({}).user == "uid 987654"
