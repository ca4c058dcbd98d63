"""The table of fault kinds: each has a row of what can go wrong, and the outcome that it must have.

A kind makes its fault on a ground and yields how the run ended; what follows the yield mends it. Kinds that
are no fault of a delivery or a store need no ground and return their ending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestration.outcomes import Code
from tests.faults.fault_ground import Ending, Ground

OnGround = Callable[[Ground], Iterator[Ending]]
Elsewhere = Callable[[], Ending]


@dataclass(frozen=True)
class Kind:
    """A fault, the code that it must end in, and words that must be said.

    `keeps`: nothing was published and the old release is whole. `mends`: when the fault is gone, the same
    date comes to what an undisturbed installation has, to the byte.
    """

    row: str
    name: str
    code: Code
    told: str
    keeps: bool = False
    mends: bool = False
    on_ground: OnGround | None = None
    elsewhere: Elsewhere | None = None


KINDS: dict[str, Kind] = {}


def on_ground(
    row: str, code: Code, told: str, *, keeps: bool | None = None, mends: bool | None = None
) -> Callable[[OnGround], OnGround]:
    """Enter a kind. One that ends the run must keep the old release and mend; another need not."""
    is_end = code != Code.OK

    def enter(make: OnGround) -> OnGround:
        _enter(
            Kind(
                row,
                _words(make),
                code,
                told,
                is_end if keeps is None else keeps,
                is_end if mends is None else mends,
                on_ground=make,
            )
        )
        return make

    return enter


def elsewhere(row: str, code: Code, told: str) -> Callable[[Elsewhere], Elsewhere]:
    """Enter a kind that needs no ground."""

    def enter(make: Elsewhere) -> Elsewhere:
        _enter(Kind(row, _words(make), code, told, elsewhere=make))
        return make

    return enter


def _enter(kind: Kind) -> None:
    assert kind.name not in KINDS, f"{kind.name} is entered twice"
    KINDS[kind.name] = kind


def _words(make: Callable[..., object]) -> str:
    return make.__name__.replace("_", " ")
