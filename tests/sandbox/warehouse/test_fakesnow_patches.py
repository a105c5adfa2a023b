"""The patches run on the code they were written for, or not at all."""

from __future__ import annotations

import pytest

from gcms_tui.sandbox.warehouse import fakesnow_patches


def test_the_installed_versions_are_the_pinned_ones() -> None:
    fakesnow_patches.require_pinned_versions()


@pytest.mark.parametrize("package", fakesnow_patches.PINNED)
def test_another_version_is_refused(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fakesnow_patches.PINNED, package, "0.0.1")
    with pytest.raises(fakesnow_patches.WrongVersion, match=f"needs {package} 0.0.1"):
        fakesnow_patches.require_pinned_versions()
