"""What must hold of an overlay before it is published; everything that does not is told."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from optimization.contracts.allocation_tables import ALLOCATION_ENTRY, ATP
from orchestration.publish.overlay_content import STATE, OverlayContent, OverlayFrames

_POOL = ["item_id", "location_id"]
# Lines by which stock comes to a pool or leaves it other than to a customer.
_SUPPLY_LINES = ("adjust", "cut", "return")
# Units differ by no more than adding them up in another order does.
_TOLERANCE_UNITS = 1e-6
_SHOWN = 3


def problems_of(content: OverlayContent) -> list[str]:
    """Return what is wrong with the content: keys, pools, conservation, replay. Empty: nothing is.

    The frames were held against their contracts by the science that made them.
    """
    frames = content.frames
    return [
        *_keys_twice(frames),
        *_unknown_pools(frames),
        *_not_conserved(frames),
        *_not_replayed(frames),
    ]


def _keys_twice(frames: OverlayFrames) -> Iterable[str]:
    """Every table has each of its keys once."""
    contracts = {**STATE, "allocation_ledger": ALLOCATION_ENTRY, "atp": ATP}
    made = {**frames.after, "allocation_ledger": frames.entry, "atp": frames.atp}
    for name, frame in made.items():
        if frame is None:
            continue
        key = list(contracts[name].key)
        twice = frame[frame.duplicated(key).to_numpy()]
        if len(twice):
            yield f"{name} has {len(twice)} rows whose key stands twice, first {twice[key].iloc[0].to_dict()}"


def _unknown_pools(frames: OverlayFrames) -> Iterable[str]:
    """State is told of pools that the release knows, and of none twice."""
    known = pd.MultiIndex.from_frame(frames.before["allocation"][_POOL].astype(object))
    for name, frame in frames.after.items():
        foreign = frame[~pd.MultiIndex.from_frame(frame[_POOL].astype(object)).isin(known)]
        if len(foreign):
            yield f"{name} has pools that the release does not know: {_first(foreign)}"
    lost = known.difference(pd.MultiIndex.from_frame(frames.after["allocation"][_POOL].astype(object)))
    if len(lost):
        yield f"allocation has lost pools of the release: {list(lost[:_SHOWN])}"


def _not_conserved(frames: OverlayFrames) -> Iterable[str]:
    """Quotas, pool, consumed and reserved units together change by adjustments alone."""
    columns = ["allocated_units", "consumed_units", "soft_reserved_units"]
    before, after = (
        frame.groupby(_POOL)[columns].sum().sum(axis=1)
        for frame in (frames.before["allocation"], frames.after["allocation"])
    )
    lines = _accepted(frames)
    lines = lines[lines["operation"].isin(_SUPPLY_LINES)]
    came = (lines["own_units"] + lines["pool_units"]).groupby([lines[one] for one in _POOL]).sum()
    yield from _differences(
        before.add(came, fill_value=0.0), after, "units are not conserved: quotas, pool, consumed, reserved"
    )


def _not_replayed(frames: OverlayFrames) -> Iterable[str]:
    """Quotas and pool change by what the lines say."""
    before, after = (
        frame.groupby(_POOL)["allocated_units"].sum()
        for frame in (frames.before["allocation"], frames.after["allocation"])
    )
    lines = _accepted(frames)
    received = lines["effective_units"].where(lines["operation"] == "reallocate", 0.0)
    change = (
        (lines["own_units"] + lines["pool_units"] + received).groupby([lines[one] for one in _POOL]).sum()
    )
    yield from _differences(before.add(change, fill_value=0.0), after, "the lines do not lead to the state")


def _accepted(frames: OverlayFrames) -> pd.DataFrame:
    known = pd.MultiIndex.from_frame(frames.before["allocation"][_POOL].astype(object))
    lines = frames.entry[(frames.entry["entry_status"] == "accepted").to_numpy()]
    return lines[pd.MultiIndex.from_frame(lines[_POOL].astype(object)).isin(known)]


def _differences(expected: pd.Series, got: pd.Series, rule: str) -> Iterable[str]:
    off = expected.subtract(got, fill_value=0.0)
    bad = off[off.abs() > _TOLERANCE_UNITS * expected.abs().clip(lower=1.0)]
    if len(bad):
        shown = ", ".join(f"{key}: {units:+g}" for key, units in bad.head(_SHOWN).items())
        yield f"{rule}; {len(bad)} pools differ, first {shown}"


def _first(frame: pd.DataFrame) -> str:
    return ", ".join(f"{row.item_id} at {row.location_id}" for row in frame.head(_SHOWN).itertuples())
