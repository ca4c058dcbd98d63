"""What a round mends, what it leaves to whoever publishes, and that no failure keeps another part back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from orchestration.defs.upkeep import upkeep
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.production_settings import ServingSettings
from orchestration.publish.release import publishing_alone
from orchestration.publish.shelf import UNFINISHED_PREFIX, pointed_id, pointer_file
from orchestration.settings import Settings
from orchestration.upkeep.round import mend
from tests.unit.publish.release_lake import DAY, ReleaseLake


def _now() -> datetime:
    return datetime.combine(DAY, datetime.min.time(), UTC)


@pytest.fixture
def died(tmp_path: Path) -> ReleaseLake:
    """A lake where a publication died before the pointer moved, and another while its folder was filled."""
    shop = ReleaseLake(Lake(tmp_path / "lake"), Settings(home=tmp_path / "lake"))
    shop.publish()
    pointer_file(shop.lake).unlink()
    (shop.lake.releases_dir / f"{UNFINISHED_PREFIX}2024-02-01").mkdir()
    return shop


def test_a_round_finishes_what_a_publication_left_and_the_next_finds_nothing(died: ReleaseLake) -> None:
    mended = mend(died.settings, _now)
    assert mended.code == Code.OK
    assert [told.split(" ")[0] for told in mended.told] == ["removed", "moved"]
    died.assert_doors_lead_to(pointed_id(died.lake))
    assert mend(died.settings, _now).told == ()


def test_a_round_leaves_everything_to_a_publication_that_goes_on(died: ReleaseLake) -> None:
    with publishing_alone(died.lake):
        mended = mend(died.settings, _now)
    assert (mended.code, mended.told) == (Code.OK, ("releases: a publication is running; nothing was done",))
    assert not pointer_file(died.lake).exists()


def test_a_database_that_is_away_is_told_and_the_releases_are_mended(died: ReleaseLake) -> None:
    away = ServingSettings(
        url=SecretStr("postgresql://pipeline:hush-hush@127.0.0.1:1/stockplan"), retry_budget_seconds=0
    )
    mended = mend(died.settings.model_copy(update={"serving": away}), _now)
    assert mended.code == Code.SERVING_LAGS
    assert mended.told[-1].startswith("decisions made in the database: ")
    assert "hush-hush" not in " ".join(mended.told)
    died.assert_doors_lead_to(pointed_id(died.lake))


def test_the_sensor_mends_every_few_minutes(died: ReleaseLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.defs.upkeep.settings", lambda: died.settings)
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(cursor: str | None) -> tuple[str, str]:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            return str(upkeep(context).skip_message), str(context.cursor)  # type: ignore[union-attr]

        told, cursor = tick(None)
        assert "moved CURRENT" in told
        pointer_file(died.lake).unlink()
        told, cursor = tick(cursor)
        assert "moved CURRENT" not in told
        earlier = {**json.loads(cursor), "mended": "2024-01-31T00:00:00+00:00"}
        told, _ = tick(json.dumps(earlier))
        assert "moved CURRENT" in told


def test_releases_that_are_broken_are_told_with_their_own_code(died: ReleaseLake) -> None:
    (died.lake.releases_dir / "2024-01-30-1-0123abcd").mkdir()
    mended = mend(died.settings, _now)
    assert mended.code == Code.RELEASE_BROKEN
    assert "is not a readable manifest" in mended.told[-1]
