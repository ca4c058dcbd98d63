"""Work on items that bear nothing on each other: an item that fails costs only itself.

Work that raises is cut until the guilty item is found, wherever it runs. What no caller survives in its own
process (a crash, a hang, all memory taken) is a mapper's business, which cuts the same work in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from optimization.errors import StockplanError

Integers = npt.NDArray[np.int64]


class Loss(StrEnum):
    """What became of an item whose work gave no result."""

    RAISED = "raised"
    HUNG = "hung"
    CRASHED = "crashed"
    MEMORY = "memory"


class Items(Protocol):
    """A batch of items."""

    def __len__(self) -> int:
        """Return the number of items."""
        ...

    def take(self, rows: Integers) -> Any:
        """Return the batch of these items."""
        ...


Batch = TypeVar("Batch", bound=Items)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Separable(Generic[Batch, Result]):
    """A function of a batch that gives each item what it would give it alone.

    `work` is the function and `joined` puts results of consecutive parts together. `lost` is the result
    of items that gave none. `keys` digest all that the work reads of each item, so that an
    item which cost much is known again until it changes. `harmless` is a small batch of the same
    kind on which everything that is loaded late gets loaded. A mapper that cuts hands out parts of
    `part_items`. Functions are named ones, for the work travels to other processes.
    """

    work: Callable[[Batch], Result]
    joined: Callable[[Sequence[Result]], Result]
    lost: Callable[[Batch, Loss], Result]
    keys: Callable[[Batch], Sequence[str]]
    harmless: Callable[[Batch], Batch]
    part_items: int

    def __call__(self, batch: Batch) -> Result:
        """Return the result of the batch; items that raise are found by halving and are lost.

        Raises whatever the work raises on no items at all.
        """
        try:
            return self.work(batch)
        # An item may raise whatever it likes, and costs only itself.
        except Exception as error:
            if len(batch) == 0:
                raise
            if len(batch) == 1:
                return self.lost(batch, Loss.MEMORY if isinstance(error, MemoryError) else Loss.RAISED)
        rows = np.arange(len(batch))
        return self.joined([self(batch.take(half)) for half in np.array_split(rows, 2)])


class TooManyLostError(StockplanError):
    """So many items failed that the fault is not theirs."""


def refuse_many(losses: npt.NDArray[np.object_], what: str, most_share: float = 0.10) -> None:
    """Raise `TooManyLostError` when more than ten items and more than `most_share` of them were lost.

    `losses` holds the `Loss` of each item, None where there is a result.
    """
    lost = int(np.count_nonzero([each is not None for each in losses]))
    if lost > max(10, most_share * len(losses)):
        raise TooManyLostError(
            f"{what} failed for {lost} of {len(losses)} items ({told(losses)}): that is no matter of single "
            "items. Run it on a few of them by hand and repair what fails"
        )


def told(losses: npt.NDArray[np.object_]) -> str:
    """Say how many items were lost to what: "3 hung, 1 raised"; empty when none."""
    return ", ".join(f"{count} {loss}" for loss, count in counted(losses).items())


def counted(losses: npt.NDArray[np.object_]) -> dict[str, int]:
    """Count lost items by what they were lost to, without those that occur nowhere.

    >>> counted(np.array([None, Loss.HUNG, None, Loss.HUNG], dtype=object))
    {'hung': 2}
    """
    lost = [each for each in losses if each is not None]
    return {loss.value: lost.count(loss) for loss in sorted(Loss) if loss in lost}


def concatenated(parts: Sequence[Any]) -> Any:
    """Join results row by row: arrays, and dataclasses, dicts and tuples of such.

    >>> concatenated([{"a": np.array([1])}, {"a": np.array([2])}])
    {'a': array([1, 2])}
    """
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    if isinstance(first, dict):
        return {name: concatenated([part[name] for part in parts]) for name in first}
    if isinstance(first, tuple):
        return tuple(concatenated(column) for column in zip(*parts, strict=True))
    if is_dataclass(first):
        made: Any = type(first)
        columns = {one.name: [getattr(part, one.name) for part in parts] for one in fields(first)}
        return made(**{name: concatenated(column) for name, column in columns.items()})
    raise TypeError(f"results of type {type(first).__name__} are not joined; return arrays")
