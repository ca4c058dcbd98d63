"""A roll-back leads every door to an earlier release and holds until a newer one is published."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.publish.release import repair, roll_back
from orchestration.publish.rolled_back import last_roll_back
from orchestration.publish.shelf import ReleaseBrokenError, ReleaseError, pointed_id
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake

LATER = date(2024, 2, 2)


def _back(shop: ReleaseLake, release_id: str) -> None:
    roll_back(release_id, "wrong prices", "ann", shop.lake, shop.settings)


def test_every_door_leads_to_the_release_rolled_back_to_and_the_ledger_says_why(shop: ReleaseLake) -> None:
    first, second = shop.publish(DAY), shop.publish(NEXT_DAY)
    _back(shop, first.release.release_id)
    shop.assert_doors_lead_to(first.release.release_id)
    told = last_roll_back(shop.ledger)
    assert told is not None
    assert (told.from_id, told.to_id, told.newest_id, told.reason, told.actor) == (
        second.release.release_id,
        first.release.release_id,
        second.release.release_id,
        "wrong prices",
        "ann",
    )
    assert shop.ledger.verify().is_intact


def test_it_holds_over_a_backfill_and_a_rerun_and_ends_with_the_next_newer_release(shop: ReleaseLake) -> None:
    first, second = shop.publish(DAY).release, shop.publish(NEXT_DAY).release
    _back(shop, first.release_id)
    assert not shop.publish(date(2024, 1, 1), units=9.0).is_current
    assert not shop.publish(NEXT_DAY).is_current, "the same content again is no newer release"
    assert pointed_id(shop.lake) == first.release_id
    corrected = shop.publish(NEXT_DAY, units=7.0)
    assert corrected.is_current
    assert (corrected.release.as_of, corrected.release.number) == (second.as_of, 2)
    assert shop.publish(LATER, units=8.0).is_current


def test_a_correction_of_the_date_rolled_back_to_does_not_end_it(shop: ReleaseLake) -> None:
    first, _ = shop.publish(DAY).release, shop.publish(NEXT_DAY)
    _back(shop, first.release_id)
    assert not shop.publish(DAY, units=5.5).is_current
    assert pointed_id(shop.lake) == first.release_id


def test_one_can_roll_forward_again(shop: ReleaseLake) -> None:
    first, second = shop.publish(DAY).release, shop.publish(NEXT_DAY).release
    _back(shop, first.release_id)
    _back(shop, second.release_id)
    shop.assert_doors_lead_to(second.release_id)
    assert shop.publish(LATER).is_current


def test_what_cannot_be_rolled_back_to_is_refused_and_nothing_changes(shop: ReleaseLake) -> None:
    first, second = shop.publish(DAY).release, shop.publish(NEXT_DAY).release
    events = len(shop.events())
    for release_id, words in (
        (second.release_id, "already"),
        ("2024-01-31-9-00000000", "no release"),
        ("../somewhere", "no release"),
    ):
        with pytest.raises(ReleaseError, match=words):
            _back(shop, release_id)
    with pytest.raises(ReleaseError, match="reason"):
        roll_back(first.release_id, "  ", "ann", shop.lake, shop.settings)
    file = first.table("policy")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ReleaseBrokenError, match="restore"):
        _back(shop, first.release_id)
    assert len(shop.events()) == events
    shop.assert_doors_lead_to(second.release_id)


def test_a_death_before_the_pointer_moved_is_made_good(
    shop: ReleaseLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = shop.publish(DAY).release, shop.publish(NEXT_DAY).release

    def die(name: str) -> None:
        if name == "release.rolled_back":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("orchestration.publish.release.reach", die)
        with pytest.raises(KeyboardInterrupt):
            _back(shop, first.release_id)
    assert pointed_id(shop.lake) == second.release_id
    repair(shop.lake, shop.settings)
    shop.assert_doors_lead_to(first.release_id)
    assert repair(shop.lake, shop.settings) == []


def test_a_release_rolled_back_to_that_is_gone_is_told(shop: ReleaseLake) -> None:
    first, _ = shop.publish(DAY).release, shop.publish(NEXT_DAY)
    _back(shop, first.release_id)
    first.folder.rename(shop.lake.root / "elsewhere")
    with pytest.raises(ReleaseError, match="ann rolled back to"):
        repair(shop.lake, shop.settings)
    assert shop.publish(LATER).is_current
