"""Three people sign one file, and it is that file which leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.payroll.events import RELEASED, SIGNED
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.statement import statement
from gcms_tui.core.payroll.steps import Step
from gcms_tui.operations.payroll.ports import Signing
from gcms_tui.operations.payroll.spot_checks import Variance
from tests.operations.memory import HOUR
from tests.operations.payroll.disk import DiskFiles, Killed
from tests.operations.payroll.office import CSV, TRIO, MemoryKeys, Office
from tests.operations.payroll.scene import Scene, payment


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A directory in which a run has come to its sign-off, and the run's id."""
    directory = tmp_path_factory.mktemp("exported")
    return directory, Office(Scene(directory), DiskFiles(directory / "files")).export().run_id


@pytest.fixture
def office(exported: tuple[Path, str], tmp_path: Path) -> Office:
    """With a prepared file, in a directory of its own."""
    directory, run_id = exported
    shutil.copytree(directory, tmp_path, dirs_exist_ok=True)
    return Office(Scene(tmp_path), DiskFiles(tmp_path / "files"), run_id=run_id)


@pytest.fixture
def empty(tmp_path: Path) -> Office:
    """In which nothing is prepared yet."""
    return Office(Scene(tmp_path), DiskFiles(tmp_path / "files"))


def refused(act: Callable[[], object]) -> str:
    """By which guard; what it says names no one's name or amount."""
    with pytest.raises(Refused) as caught:
        act()
    assert "Musician" not in str(caught.value) and caught.value.message
    return caught.value.guard


def paid_more(office: Office) -> None:
    office.scene.warehouse.answers["payroll_export"] = [payment(number, "101.00") for number in range(1, 21)]


# -- signing ---------------------------------------------------------------------------------------------------------


@pytest.mark.covers("Pre-payroll 6")
def test_the_third_signature_releases_the_very_file_that_three_signed(empty: Office) -> None:
    run = empty.export({"payroll_7.xlsx": b"PK"})
    second = empty.sign(run, 2)
    assert second.run.released is None and second.release_error is None
    shown = empty.at("frank").to_sign(run.run_id, Role.FINANCE)
    assert shown.refusal == "" and empty.files.released(run.run_id) == ()
    after = empty.at("frank").sign(run.run_id, Role.FINANCE, statement=shown.statement)
    assert after.release_error is None
    told = after.run
    assert told.released is not None and told.exported is not None
    assert (told.released.by.person.user, told.released.sha256) == ("frank", told.exported.sha256)
    assert empty.outbox(run) == ["manifest.json", CSV, f"{CSV}.sha256", "payroll_7.xlsx"]
    assert empty.files.prepared(run.run_id) == ()
    for user, role in TRIO:
        signature = told.signatures[role]
        assert (signature.by.person.user, signature.statement) == (user, statement(told, role))
    assert [entry.said["by_hand"] for entry in told.entries if entry.kind == RELEASED] == [False]
    assert refused(lambda: empty.at("erin").release(run.run_id)) == "released"


def test_a_file_on_another_host_waits_to_be_released_there(office: Office) -> None:
    run = office.export()
    signed = office.sign(run, 3, last_host="laptop")
    assert (len(signed.run.signatures), signed.run.released, signed.release_error) == (3, None, None)
    assert "to be released by erin on ops-1" in office.book().looks(signed.run)[5].words
    assert refused(lambda: office.at("maria", "laptop").release(run.run_id)) == "another_host"
    released = office.at("maria").release(run.run_id)
    assert released.released is not None and released.entries[-1].said["by_hand"] is True
    assert len(office.outbox(run)) == 3


def test_a_file_that_is_another_users_on_this_host_is_released_by_whoever_prepared_it(office: Office) -> None:
    run = office.export()
    office.apart = ("frank", "maria")
    signed = office.sign(run)
    assert (len(signed.run.signatures), signed.run.released, signed.release_error) == (3, None, None)
    with pytest.raises(Refused, match="prepared by erin on ops-1, for nobody else to read") as caught:
        office.at("maria").release(run.run_id)
    assert caught.value.guard == "another_host" and "As erin on ops-1" in caught.value.next_step
    assert office.at("erin").release(run.run_id).released is not None


@pytest.mark.parametrize(
    ("user", "host", "role", "guard", "says"),
    [
        ("mallory", "ops-1", Role.FINANCE, "role", "mallory is not among those who sign as Finance: frank, erin"),
        ("frank", "ops-1", Role.ENGINEER, "role", "erin, maria"),
        ("maria", "ops-1", Role.ENGINEER, "one_person", "maria has signed as Manager, on laptop"),
        ("maria", "elsewhere", Role.ENGINEER, "one_person", "nobody signs in two roles"),
        ("maria", "elsewhere", Role.MANAGER, "signed", "Manager was signed by maria"),
    ],
)
def test_whoever_may_not_sign_is_told_why_and_leaves_no_trace(
    office: Office, user: str, host: str, role: Role, guard: str, says: str
) -> None:
    run = office.export()
    before = office.at("maria", "laptop").sign(run.run_id, Role.MANAGER).run
    assert says in office.at(user, host).to_sign(run.run_id, role).refusal
    assert refused(lambda: office.at(user, host).sign(run.run_id, role)) == guard
    assert office.get(run).entries == before.entries


def test_only_what_was_shown_is_signed(office: Office) -> None:
    run = office.export()
    shown = office.at("erin").to_sign(run.run_id, Role.ENGINEER).statement
    assert refused(lambda: office.at("frank").sign(run.run_id, Role.FINANCE, statement=shown)) == "statement"
    assert office.get(run).signatures == {}


def test_there_is_nothing_to_sign_without_a_file(empty: Office) -> None:
    run = empty.scene.ticked()
    assert refused(lambda: empty.at("erin").to_sign(run.run_id, Role.ENGINEER)) == "export"
    assert refused(lambda: empty.at("erin").sign(run.run_id, Role.ENGINEER)) == "export"


def test_a_variance_that_cannot_be_read_leaves_the_rest_to_be_seen(office: Office) -> None:
    def lost(_: PayrollRun) -> Variance | None:
        raise Unavailable("Gone", "the warehouse does not answer")

    run = office.export()
    assert run.frozen is not None
    variance = Variance(run.frozen.totals, None)
    assert office.at("erin", variance=lambda _: variance).to_sign(run.run_id, Role.ENGINEER).variance is variance
    shown = office.at("erin", variance=lost).to_sign(run.run_id, Role.ENGINEER)
    assert shown.variance is None and shown.statement and not shown.refusal


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_data_that_changes_voids_whatever_was_signed(office: Office, count: int) -> None:
    run = office.export()
    office.sign(run, count, last_host="laptop")
    paid_more(office)
    if count < 3:
        user, role = TRIO[count]
        assert refused(lambda: office.at(user).sign(run.run_id, role)) == "data_changed"
    else:
        assert refused(lambda: office.at("maria").release(run.run_id)) == "data_changed"
    now = office.get(run)
    assert (now.signatures, now.exported, now.frozen) == ({}, None, None)
    assert refused(lambda: office.at("maria").release(run.run_id)) == "tests"
    assert office.outbox(run) == []


# -- the files -------------------------------------------------------------------------------------------------------

Tamper = Callable[[Path], object]

TAMPERED: dict[str, tuple[Tamper, str]] = {
    "csv": (lambda place: (place / CSV).write_bytes(b"full_name,net_amount\r\nMallory,1\r\n"), f"{CSV} was changed"),
    "manifest": (lambda place: (place / "manifest.json").write_bytes(b"{ }"), "manifest.json was changed"),
    "hash file": (lambda place: (place / f"{CSV}.sha256").write_bytes(b""), f"{CSV}.sha256 was changed"),
    "extra": (lambda place: (place / "bonus.csv").write_bytes(b""), "bonus.csv was not exported"),
    "missing": (lambda place: (place / "manifest.json").unlink(), "manifest.json is missing"),
    "all missing": (lambda place: place.rename(place.with_name("gone")), f"{CSV} is missing, and all"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_file_that_was_tampered_with_is_named_and_neither_signed_nor_released(office: Office, what: str) -> None:
    tamper, says = TAMPERED[what]
    run = office.export()
    signed = office.sign(run, 1).run
    tamper(office.files.place("prepared", run.run_id))
    with pytest.raises(Refused, match=says) as caught:
        office.at("erin").sign(run.run_id, Role.ENGINEER)
    assert caught.value.guard == "tampered" and office.get(run).entries == signed.entries
    # From a host where the file is not, it can be signed: what leaves is judged where it lies.
    office.at("erin", "laptop").sign(run.run_id, Role.ENGINEER)
    signed = office.at("frank", "laptop").sign(run.run_id, Role.FINANCE).run
    with pytest.raises(Refused, match=says) as caught:
        office.at("erin").release(run.run_id)
    assert caught.value.guard == "tampered" and office.get(run).entries == signed.entries
    assert office.outbox(run) == []


@pytest.mark.parametrize(
    "content", [b"", f"{'0' * 64}  {CSV}\n".encode(), f"{'0' * 64}  other.csv\n".encode(), b"\xff"]
)
def test_a_hash_file_that_was_exported_saying_something_else_is_believed_by_nobody(
    empty: Office, content: bytes
) -> None:
    run = empty.export({f"{CSV}.sha256": content})
    with pytest.raises(Refused, match=f"{CSV}.sha256 does not say the hash") as caught:
        empty.at("erin").sign(run.run_id, Role.ENGINEER)
    assert caught.value.guard == "tampered"


def test_a_third_signature_stays_where_the_outbox_cannot_be_written(office: Office) -> None:
    run = office.export()
    office.files.writable = False
    signed = office.sign(run)
    assert isinstance(signed.release_error, StateError)
    assert len(signed.run.signatures) == 3 and signed.run.released is None
    assert len(office.files.prepared(run.run_id)) == 3
    office.files.writable = True
    assert office.at("frank").release(run.run_id).released is not None


def killed_between(office: Office) -> PayrollRun:
    """Signed by three, moved to the outbox, and cut off before that was noted."""
    run = office.export()
    office.files.killed = True
    with pytest.raises(Killed):
        office.sign(run)
    office.files.killed = False
    told = office.get(run)
    assert len(told.signatures) == 3 and told.released is None and len(office.outbox(run)) == 3
    return told


def test_a_release_that_was_cut_off_after_the_move_is_taken_up(office: Office) -> None:
    run = killed_between(office)
    released = office.at("maria").release(run.run_id)
    assert released.released is not None
    assert released.released.directory == str(office.files.place("outbox", run.run_id))


@pytest.mark.parametrize("guard", ["tampered", "data_changed", "rejected"])
def test_what_was_moved_and_may_not_be_paid_is_taken_out_of_the_outbox(office: Office, guard: str) -> None:
    run = killed_between(office)
    if guard == "rejected":
        assert office.at("maria").reject(run.run_id, Role.MANAGER, "wrong rates").exported is None
    else:
        if guard == "tampered":
            TAMPERED["csv"][0](office.files.place("outbox", run.run_id))
        else:
            paid_more(office)
        assert refused(lambda: office.at("maria").release(run.run_id)) == guard
    assert office.outbox(run) == [] and office.get(run).released is None


def test_what_changes_on_its_way_to_the_outbox_does_not_stay_there(office: Office) -> None:
    run = office.export()
    office.sign(run, 3, last_host="laptop")
    desk, moved = office.at("maria"), DiskFiles.release

    def move(self: DiskFiles, run_id: str) -> Path:
        place = moved(self, run_id)
        TAMPERED["csv"][0](place)
        return place

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DiskFiles, "release", move)
        assert refused(lambda: desk.release(run.run_id)) == "tampered"
    assert office.outbox(run) == [] and office.get(run).released is None


@pytest.mark.parametrize(("guard", "left"), [("already_paid", 0), ("paid_unknown", 3)])
def test_what_was_paid_in_another_way_or_may_have_been_does_not_leave(office: Office, guard: str, left: int) -> None:
    run = office.export()
    office.sign(run, 3, last_host="laptop")
    office.paid = guard
    assert refused(lambda: office.at("maria").release(run.run_id)) == guard
    assert office.outbox(run) == [] and office.get(run).released is None
    office.paid = ""
    office.files.killed = True
    with pytest.raises(Killed):
        office.at("maria").release(run.run_id)
    office.files.killed, office.paid = False, guard
    assert refused(lambda: office.at("maria").release(run.run_id)) == guard
    assert len(office.outbox(run)) == left and office.get(run).released is None


def test_a_file_does_not_leave_by_a_journal_that_somebody_has_edited(office: Office) -> None:
    run = office.export()
    office.sign(run, 3, last_host="laptop")
    office.scene.edit("UPDATE journal SET user = 'frank' WHERE kind = 'payroll.ticked'")
    with pytest.raises(Refused, match="it was edited") as caught:
        office.at("maria").release(run.run_id)
    assert caught.value.guard == "journal"
    assert office.outbox(run) == [] and office.get(run).released is None


# -- gates, and several at once --------------------------------------------------------------------------------------


def test_two_who_sign_at_once_sign_one_after_the_other(office: Office) -> None:
    run = office.export()
    told: list[str] = []

    def another() -> None:
        office.keys = None
        told.append(refused(lambda: office.at("frank", "laptop").sign(run.run_id, Role.FINANCE)))

    office.keys = MemoryKeys(meanwhile=another)
    office.at("erin").sign(run.run_id, Role.ENGINEER)
    assert told == ["lease"]
    assert [entry.user for entry in office.get(run).entries if entry.kind == SIGNED] == ["erin"]
    assert refused(lambda: office.at("maria").sign(run.run_id, Role.ENGINEER)) == "signed"


def test_a_list_that_changes_before_the_release_counts_as_it_is_now(office: Office) -> None:
    run = office.export()
    office.sign(run, 3, last_host="laptop")
    office.lists[Role.FINANCE] = ("someone",)
    with pytest.raises(Refused, match="frank, who signed as Finance, is not on that list") as caught:
        office.at("maria").release(run.run_id)
    assert caught.value.guard == "signatures" and office.outbox(run) == []
    office.lists[Role.FINANCE] = ("frank",)
    assert office.at("maria").release(run.run_id).released is not None


def test_a_hold_stops_signing_and_releasing_also_where_it_comes_while_a_key_is_waited_for(office: Office) -> None:
    run = office.export()

    def hold() -> None:
        office.scene.critical = "unique_pay failed"

    office.keys = MemoryKeys(meanwhile=hold)
    assert refused(lambda: office.at("erin").sign(run.run_id, Role.ENGINEER)) == "hold"
    assert refused(lambda: office.at("erin").sign(run.run_id, Role.ENGINEER)) == "hold"
    assert "unique_pay failed" in office.at("erin").to_sign(run.run_id, Role.ENGINEER).refusal
    assert office.get(run).signatures == {}
    office.scene.critical, office.keys = "", None
    office.sign(run, 3, last_host="laptop")
    office.scene.critical = "unique_pay failed"
    assert refused(lambda: office.at("maria").release(run.run_id)) == "hold"
    assert office.outbox(run) == []


def test_a_clock_set_back_and_tests_grown_old_stop_both(office: Office) -> None:
    run = office.export()
    office.sign(run, 3, last_host="laptop")
    for hours, guard in ((-2, "clock"), (100, "tests")):
        office.scene.clock.now += hours * HOUR
        assert refused(lambda: office.at("erin").sign(run.run_id, Role.ENGINEER)) == guard
        assert refused(lambda: office.at("maria").release(run.run_id)) == guard


def test_rejecting_wants_a_role_and_a_reason_and_reopens_the_export(office: Office) -> None:
    run = office.export()
    office.sign(run, 2)
    assert refused(lambda: office.at("frank").reject(run.run_id, Role.MANAGER, "too much")) == "role"
    for reason in (" ", "\x1b[31m\u200b", "x" * 501):
        assert refused(lambda reason=reason: office.at("frank").reject(run.run_id, Role.FINANCE, reason)) == "reason"  # type: ignore[misc]
    after = office.at("frank").reject(run.run_id, Role.FINANCE, " too\nmuch \x1b[0m")
    assert (after.signatures, after.exported) == ({}, None)
    assert after.fallen[Step.EXPORT] == "rejected by frank (Finance): too much"
    assert refused(lambda: office.at("erin").sign(run.run_id, Role.ENGINEER)) == "export"


# -- keys ------------------------------------------------------------------------------------------------------------


def test_signatures_by_keys_are_verified_once_more_when_the_file_is_released(office: Office) -> None:
    run = office.export()
    keys = MemoryKeys()
    office.keys = keys
    signed = office.sign(run, 3, last_host="laptop").run
    assert {item.key for item in signed.signatures.values()} == set(keys.keys.values())
    assert all(item.armoured for item in signed.signatures.values())
    gone = keys.keys.pop("frank")
    with pytest.raises(Refused, match="frank's signature as Finance: its key is no longer allowed") as caught:
        office.at("maria").release(run.run_id)
    assert caught.value.guard == "signatures" and office.outbox(run) == []
    keys.keys["frank"] = gone
    assert office.at("maria").release(run.run_id).released is not None


def test_who_has_no_key_does_not_sign_and_one_key_is_one_person(office: Office) -> None:
    run = office.export()
    office.keys = MemoryKeys({"maria": "SHA256:one", "erin": "SHA256:one"})
    assert refused(lambda: office.at("frank").sign(run.run_id, Role.FINANCE)) == "key"
    office.sign(run, 1)
    assert refused(lambda: office.at("erin").sign(run.run_id, Role.ENGINEER)) == "one_person"
    assert list(office.get(run).signatures) == [Role.MANAGER]


@pytest.mark.parametrize(("first", "then"), [(None, MemoryKeys()), (MemoryKeys(), None)])
def test_signatures_with_and_without_keys_do_not_go_together(
    office: Office, first: Signing | None, then: Signing | None
) -> None:
    run = office.export()
    office.keys = first
    office.sign(run, 2)
    office.keys = then
    assert refused(lambda: office.at("frank").sign(run.run_id, Role.FINANCE)) == "key"
    office.keys = first
    office.at("frank", "laptop").sign(run.run_id, Role.FINANCE)
    office.keys = then
    with pytest.raises(Refused, match="signed with(out)? a key") as caught:
        office.at("maria").release(run.run_id)
    assert caught.value.guard == "signatures"
    assert office.outbox(run) == []
