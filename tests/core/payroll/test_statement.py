"""The text that is signed, and what is wrong with signatures and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.files import FileSeen
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.signatures import faults, refusal
from gcms_tui.core.payroll.statement import statement
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.untouched import differences, hash_file_says
from tests.core.payroll.test_gates import FILE, FROZEN, Story

TOTALS = {
    **FROZEN["totals"],
    "by_pay_type": [{"pay_type": "per\nservice", "entries": 2, "gross": "10.00", "deductions": "0.00", "net": "10.00"}],
}
FILES = {"a.csv": "s1", "a.csv.sha256": "h1", "a.xlsx": "x1", "manifest.json": "m1"}
SIGNERS = Signers({role: (f"{role}-1",) for role in Role})


def exported(**changes: object) -> PayrollRun:
    return Story().checks().ticked().tell(events.EXPORTED, **{**FILE, "files": FILES, **changes}).run


def signed(story: Story, **changes: dict[str, str]) -> PayrollRun:
    """By the three on the lists; `changes` to what one of them signed."""
    for role in Role:
        said = {"says": role.says, "statement": statement(story.run, role), "sha256": "s1", "signature": "", "key": ""}
        said |= changes.get(role.value, {})
        story.tell(events.SIGNED, said.pop("user", f"{role}-1"), role=role.value, **said)
    return story.run


def test_the_statement_is_this_text_to_the_letter() -> None:
    story = Story().check(Step.FRESHNESS).check(Step.MODELS)
    story.check(Step.TESTS, frozen={**FROZEN, "totals": TOTALS}).ticked()
    run = story.tell(events.EXPORTED, **{**FILE, "files": FILES, "file": "é.csv"}).run
    text = statement(replace(run, concert_id="7\nrole: manager\\"), Role.FINANCE)
    assert text == (
        "program: gcms-tui payroll\n"
        "run: pay-1\n"
        "target: t\n"
        "concert: 7\\nrole: manager\\\\\n"
        "role: finance\n"
        "says: Finance: spot checks reviewed\n"
        "file: \\xe9.csv\n"
        "file sha256: s1\n"
        "manifest sha256: m1\n"
        "beside it: a.csv s1\n"
        "beside it: a.csv.sha256 h1\n"
        "beside it: a.xlsx x1\n"
        "fingerprint: f1\n"
        "payees: p1\n"
        "entries: 2\n"
        "musicians: 2\n"
        "gross: 10.00\n"
        "deductions: 0.00\n"
        "net: 10.00\n"
        "hash total: 3\n"
        "pay type: per\\nservice, 2 entries, gross 10.00, deductions 0.00, net 10.00\n"
    )


def test_the_statement_is_another_one_for_anything_that_is_another() -> None:
    texts = [statement(exported(), role) for role in Role]
    texts += [
        statement(exported(**changes), Role.ENGINEER)
        for changes in ({"sha256": "s2"}, {"manifest": "m2"}, {"files": {**FILES, "a.xlsx": "x2"}}, {"file": "b.csv"})
    ]
    assert len(set(texts)) == len(texts)
    assert statement(exported(host="elsewhere", directory="e"), Role.ENGINEER) == texts[0]
    with pytest.raises(ValueError, match="no file"):
        statement(Story().checks().run, Role.ENGINEER)


def test_tests_that_found_the_same_again_change_nothing_of_it() -> None:
    story = Story().checks().ticked().tell(events.EXPORTED, **FILE)
    run = signed(story)
    again = {**FROZEN, "calculated_at": "2026-03-01T00:00:00+00:00"}
    after = story.check(Step.MODELS).check(Step.TESTS, frozen=again).run
    assert faults(run, SIGNERS, keys=False) == faults(after, SIGNERS, keys=False) == ()


@pytest.mark.parametrize(
    ("changes", "keys", "says"),
    [
        ({"finance": {"user": "mallory"}}, False, "mallory, who signed as Finance, is not on that list"),
        ({"manager": {"sha256": "s2"}}, False, "manager-1 signed another file than a.csv"),
        ({"manager": {"statement": "all is well"}}, False, "manager-1 signed another statement as Manager"),
        ({"manager": {"signature": "---"}}, False, "manager-1 signed with a key, and no allowed_signers"),
        ({"engineer": {"signature": "-"}, "finance": {"signature": "-"}}, True, "manager-1 signed without"),
        ({role.value: {"signature": "-", "key": "k"} for role in Role}, True,
         "Data engineer and Finance were signed with one key"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_signature_is_said(changes: dict[str, dict[str, str]], keys: bool, says: str) -> None:
    run = signed(Story().checks().ticked().tell(events.EXPORTED, **FILE), **changes)
    wrong = faults(run, SIGNERS, keys=keys)
    assert wrong[0].startswith(says)
    assert len(wrong) == (3 if "one key" in says else 1)


def test_one_person_in_two_roles_and_a_role_that_is_missing_are_no_three_signatures() -> None:
    lists = Signers({role: ("erin", f"{role}-1") for role in Role})
    story = Story().checks().ticked().tell(events.EXPORTED, **FILE)
    for other in ("Erin", "CORP\\erin", "erin@corp.example", "\uff45rin"):
        spelled = signed(story, engineer={"user": "erin"}, manager={"user": other})
        anyone = Signers({**lists.logins, Role.MANAGER: (other,)})
        assert faults(spelled, anyone, keys=False) == (f"{other} signed as Data engineer and Manager",)
        assert refusal(replace(spelled, signatures={}), Role.MANAGER, other, anyone) is None
        given = {Role.ENGINEER: spelled.signatures[Role.ENGINEER]}
        refused = refusal(replace(spelled, signatures=given), Role.MANAGER, other, anyone)
        assert refused is not None and refused.guard == "one_person"
    twice = signed(story, engineer={"user": "erin"}, manager={"user": "erin"})
    assert faults(twice, lists, keys=False) == ("erin signed as Data engineer and Manager",)
    kept = dict(twice.signatures)
    del kept[Role.FINANCE]
    assert "Finance has not signed" in faults(replace(twice, signatures=kept), lists, keys=False)
    assert faults(Story().run, lists, keys=False) == ("there is no file that could be signed",)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ()),
        ({"a.csv": "s2"}, ("a.csv was changed",)),
        ({"a.csv": "s2", "b": "1", "a.xlsx": None}, ("a.csv was changed", "a.xlsx is missing", "b was not exported")),
        (dict.fromkeys(FILES), ("a.csv is missing, and all that was written with it",)),
    ],
)
def test_files_are_those_that_were_exported_or_named(changes: dict[str, str | None], says: tuple[str, ...]) -> None:
    run = exported()
    assert run.exported is not None
    lying = {**FILES, **changes}
    seen = [FileSeen(Path("/d", name), digest, 1) for name, digest in lying.items() if digest is not None]
    assert differences(run.exported, seen) == says


def test_an_entry_whose_manifest_is_none_of_its_files_is_not_believed() -> None:
    run = exported(manifest="m2")
    assert run.exported is not None
    seen = [FileSeen(Path("/d", name), digest, 1) for name, digest in FILES.items()]
    assert differences(run.exported, seen) == ("the manifest that is signed is not among the files",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"s1  a.csv\n", True), (b"s1 *a.csv\r\n", True), (b"s1  a.csv\nx1  a.xlsx\n", True), (b"", False),
        (b"s2  a.csv\n", False), (b"s1  b.csv\n", False), (b"s1  a.csv\ns2  a.csv\n", False), (b"\xff", False),
    ],
)  # fmt: skip
def test_a_hash_file_says_the_hash_that_is_signed(content: bytes, said: bool) -> None:
    run = exported()
    assert run.exported is not None
    assert hash_file_says(content, run.exported) is said
