"""Counter-based randomness: a number is a function of its keys, never of what was drawn before.

Every draw names a stream (a hash of seed and purpose) and counters (item, location, day, …), so
the rows of an item-location are the same in a run of a thousand and in a run of a million.
The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

UInts = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stream(seed: int, purpose: str) -> np.uint64:
    """Return the key of one purpose's random numbers.

    >>> int(stream(1, "demand")) == int(stream(1, "demand")) != int(stream(2, "demand"))
    True
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


def keyed(stream_key: np.uint64 | UInts, *counters: npt.ArrayLike) -> UInts:
    """Return 64 random bits per broadcast combination of `counters`.

    >>> int(keyed(stream(1, "a"), 7, 8)[()]) == int(keyed(keyed(stream(1, "a"), 7), 8)[()])
    True
    """
    bits = np.asarray(stream_key, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for counter in counters:
            step = (np.asarray(counter).astype(np.uint64) + np.uint64(1)) * _GOLDEN
            bits = _mixed(bits + step)
    return bits


def uniform(stream_key: np.uint64 | UInts, *counters: npt.ArrayLike) -> Floats:
    """Return numbers in the open interval (0, 1), one per combination of `counters`."""
    bits = keyed(stream_key, *counters) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def normal(stream_key: np.uint64 | UInts, *counters: npt.ArrayLike) -> Floats:
    """Return standard normal numbers, one per combination of `counters`."""
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(stream_key, *counters)))


def lognormal(mean: npt.ArrayLike, sigma: npt.ArrayLike, draws: Floats) -> Floats:
    """Turn standard normal `draws` into lognormal numbers of the given mean.

    `sigma` is the standard deviation of the logarithm; E[exp(m + s z)] = exp(m + s²/2).
    """
    sigma = np.asarray(sigma, dtype=np.float64)
    return np.asarray(mean * np.exp(sigma * draws - sigma**2 / 2))


def poisson(rate: Floats, draws: Floats) -> Ints:
    """Turn uniform `draws` into Poisson counts by inversion; `rate` should be below about 30.

    >>> poisson(np.array([1.0, 1.0, 1.0]), np.array([0.3, 0.5, 0.99])).tolist()
    [0, 1, 4]
    """
    counts = np.zeros(rate.shape, dtype=np.int64)
    term = np.exp(-rate)
    left = np.flatnonzero(draws > term)
    if left.size == 0:
        return counts
    rates, draws = rate[left], draws[left]
    terms, total = term[left], term[left].copy()
    step = 0
    active = np.arange(left.size)
    # the bound only guards against rounding in the far tail
    while active.size and step < 200:
        step += 1
        counts[left[active]] = step
        terms[active] *= rates[active] / step
        total[active] += terms[active]
        active = active[draws[active] > total[active]]
    return counts


def _mixed(bits: UInts) -> UInts:
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return np.asarray(bits ^ (bits >> np.uint64(31)))
