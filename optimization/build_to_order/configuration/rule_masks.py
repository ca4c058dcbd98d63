"""Rules as bit masks: what a choice entails, and an exact search for a configuration that keeps them all.

Rules of a catalogue are many and mostly loose, so that following each choice to its consequences decides
almost every question at once. The search is complete, but for rules that are a puzzle it gives up after
so many choices; whoever asks then turns to the integer program (`normal_model`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from optimization.build_to_order.configuration.rules import Rule


class MaskedRule(NamedTuple):
    """A rule over bits: where all of `given` are set, `least` to `most` bits of `then` are."""

    given: int
    then: int
    least: int
    most: int

    def is_broken_by(self, chosen: int) -> bool:
        """Whether a configuration breaks the rule."""
        return self.given & ~chosen == 0 and not self.least <= (self.then & chosen).bit_count() <= self.most


class RuleMasks:
    """Rules over the bits of their options; the n-th option of `options` is bit n."""

    def __init__(self, rules: Iterable[Rule], options: Sequence[str]) -> None:
        """Options of the rules that are not among `options` raise `KeyError`."""
        self.options = options
        self._bit = {option: 1 << n for n, option in enumerate(options)}
        self.rules = [
            MaskedRule(self.mask(one.given), self.mask(one.then), one.least, one.most) for one in rules
        ]
        # Per option a mask over the rules that it has a part in.
        self.touched = [0] * len(options)
        for n, rule in enumerate(self.rules):
            for bit in places(rule.given | rule.then):
                self.touched[bit] |= 1 << n

    def mask(self, options: Iterable[str]) -> int:
        """Return the bits of options."""
        return sum(self._bit[one] for one in set(options))

    def named(self, mask: int) -> frozenset[str]:
        """Return the options of bits."""
        return frozenset(self.options[bit] for bit in places(mask))

    def entailed(self, chosen: int, refused: int, due: int) -> tuple[int, int] | None:
        """Return all that has to be chosen and refused as well, None where the rules cannot be kept.

        `due`: the rules to begin with, as a mask; those of which an option has just been settled.
        """
        while due:
            first = due & -due
            due ^= first
            given, then, least, most = self.rules[first.bit_length() - 1]
            open_given = given & ~chosen
            if given & refused or open_given & (open_given - 1):
                continue
            # With what is left of the condition chosen, so many are chosen at least and at most.
            sure = (then & (chosen | given)).bit_count()
            possible = (then & ~refused).bit_count()
            if sure > most or possible < least:
                if not open_given:
                    return None
                newly = open_given
                refused |= newly
            elif open_given:
                continue
            else:
                newly = then & ~(chosen | refused)
                if sure == most:
                    refused |= newly
                elif possible == least:
                    chosen |= newly
                else:
                    continue
            for bit in places(newly):
                due |= self.touched[bit]
        return chosen, refused

    def configuration(self, chosen: int, refused: int, wished: int, max_choices: int) -> int | None:
        """Return a configuration with `chosen`, without `refused`, that keeps all rules; None: there is none.

        It has of `wished` what goes in without much ado. Raises `SearchEndedError` after `max_choices`.
        """
        every = (1 << len(self.options)) - 1
        state = self.entailed(chosen, refused, (1 << len(self.rules)) - 1)
        earlier: list[tuple[int, int, int]] = []
        while True:
            if state is None:
                # The last choice that was made freely was wrong; the other one follows from that.
                if not earlier:
                    return None
                chosen, refused, bit = earlier.pop()
            else:
                chosen, refused = state
                free = every & ~(chosen | refused)
                if not free:
                    return chosen
                if max_choices == 0:
                    raise SearchEndedError
                max_choices -= 1
                best = free & wished or free
                bit = best & -best
                bit = bit if best & wished else -bit
                earlier.append((chosen, refused, -bit))
            due = self.touched[abs(bit).bit_length() - 1]
            state = (
                self.entailed(chosen | bit, refused, due)
                if bit > 0
                else self.entailed(chosen, refused | -bit, due)
            )


class SearchEndedError(Exception):
    """The search has used up what it was given, and nothing is proven."""


def places(mask: int) -> Iterator[int]:
    """Yield the places of the bits that are set, ascending.

    >>> list(places(0b10110))
    [1, 2, 4]
    """
    while mask:
        first = mask & -mask
        yield first.bit_length() - 1
        mask ^= first
