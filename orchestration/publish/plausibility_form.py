"""The classes in which the plausibility of a published table is stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from optimization.contracts.columns import COLUMNS

# No quantity or amount of one row is larger; infinity is.
MOST = 1e15


@dataclass(frozen=True)
class Usual:
    """The range in which a number usually lies, in the rows whose columns hold these values.

    Outside it the release is published all the same, and somebody should look.
    """

    column: str
    low: float
    high: float
    rows: Mapping[str, str]


@dataclass(frozen=True)
class Plausibility:
    """One published table.

    `key` columns are never null and identify a row. `is_never_empty`: a release without rows in it
    is refused. `from_zero` columns are numbers from 0, `shares` numbers from 0 to 1, `lists`
    columns of a closed list; nulls are left to the table's contract. The sum of `total` is compared
    with the earlier release. What is not `usual` is a warning. `kept` columns are what an earlier release
    stated for ever: a row that it had too has the same values, where both have one.
    """

    key: tuple[str, ...]
    is_never_empty: bool = False
    from_zero: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    total: str | None = None
    usual: tuple[Usual, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is looked at, once."""
        total = (self.total,) if self.total else ()
        usual = [name for one in self.usual for name in (one.column, *one.rows)]
        return tuple(
            dict.fromkeys((*self.key, *self.from_zero, *self.shares, *self.lists, *total, *usual, *self.kept))
        )


def closed(*names: str) -> dict[str, tuple[str, ...]]:
    """The closed lists as the borders state them."""
    return {name: COLUMNS[name].isin or () for name in names}
