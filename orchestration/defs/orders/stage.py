"""What assets of the orders' side share: the tables of a stage, how they are read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset
from orchestration.evidence.lineage.orders import Stage

PYTHON, SOLVED = {"python"}, {"python", "highs"}


def stage_asset(
    stage: Stage, name: str, kinds: set[str] = PYTHON
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare the asset of a stage of the orders' side."""
    return science_asset(*stage.writes, name=name, group="orders", kinds=kinds)


def frames_read(stage: Stage, pipeline: Pipeline, as_of: date) -> dict[str, pd.DataFrame]:
    """Return what the stage reads, by the tables' names without their layer."""
    frames = read_borders(pipeline, as_of, *stage.reads)
    return {_plain(table.name): frame for table, frame in zip(stage.reads, frames, strict=True)}


def frames_with_options(stage: Stage, pipeline: Pipeline, as_of: date) -> dict[str, pd.DataFrame]:
    """Return what the stage reads, orders with the options that approved changes have given them since.

    The changes themselves, which the stage has to read as well, are used up.
    """
    from optimization.build_to_order.effective_options import with_effective_options

    frames = frames_read(stage, pipeline, as_of)
    changes = frames.pop("mto_change_request")
    frames["mto_order"] = with_effective_options(frames["mto_order"], changes, pd.Timestamp(as_of))
    return frames


def write_frames(
    stage: Stage,
    pipeline: Pipeline,
    as_of: date,
    frames: Iterable[pd.DataFrame],
    report: Mapping[str, Any],
) -> Iterable[Told]:
    """Write the stage's tables, `frames` in the order in which it names them."""
    for table, frame in zip(stage.writes, frames, strict=True):
        yield from write_border(pipeline, as_of, table, frame, report)


def _plain(name: str) -> str:
    return name.split("__", 1)[1]
