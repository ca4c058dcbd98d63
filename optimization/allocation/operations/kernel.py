"""What every operation does to the state, compiled: one pass over the events in their order.

Everything compiled stands in this file, constants too, because the compiler's cache watches only the
file of the function it was asked for. Texts never come here; `fold` codes and decodes them.

Decided where the rules of the book leave room:
- All pools run in one order of time, because an action or a reservation may name any pool. What ends
  waits in a heap; before an event at t all that ends by t has ended, reservations before loans.
- Units up to `NOISE` beyond a limit count as within it, so that 0.1 + 0.2 can be taken as 0.3.
- A repaid loan of a reservation makes the reserved units the segment's own: they go back there.
- A lapsed loan changes no units: the pool bears it. What is still reserved of it goes to the pool.
- Consuming from a reservation takes its own part first, so that the pool's part is the one given back.
- A shortfall of an adjustment takes from the named segment, then from the common pool, then from the
  quotas, last tier first; open reservations are kept.
- An extension sets the end, later or earlier, if it lies ahead. Releasing or offsetting 0 or no number
  of units means all that is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numba import njit

from optimization.allocation.book import Flags, Integers, Numbers

NOISE = 1e-9
MOST_UNITS = 1e12
NEVER = 9_223_372_036_854_775_807

ALLOCATE, UNALLOCATE, REALLOCATE, CONSUME, RESERVE, EXTEND, RELEASE, OFFSET, ADJUST, REBALANCE = range(10)
CUT, RETURN, EXPIRE = 11, 12, 13

AS_ASKED, BORROWED_FROM_POOL, RESERVED_BEFORE, REBALANCE_REQUESTED = range(4)
LOAN_RETURNED, LOAN_LAPSED, RESERVATION_ENDED, SUPPLY_CUT = range(4, 8)
EVENT_AHEAD, UNKNOWN_OPERATION, UNKNOWN_POOL, WRONG_LEVEL, UNKNOWN_SEGMENT, BROKEN_PREFIX = range(8, 14)
ACTION_MISSING, DUPLICATE_ACTION, UNITS_IMPLAUSIBLE, UNITS_NOT_POSITIVE, NOT_WHOLE_UNITS = range(14, 19)
SEGMENT_MISSING, SAME_SEGMENT, POOL_SHORT, QUOTA_SHORT, BEYOND_ALLOWANCE, SUPPLY_SHORT = range(19, 25)
RESERVATION_MISSING, RESERVATION_EXISTS, RESERVATION_UNKNOWN, RESERVATION_ELSEWHERE = range(25, 29)
RESERVATION_OVER, RESERVATION_SHORT, EXPIRY_NOT_AHEAD = range(29, 32)
_FINE = -1

ACTIVE, CONSUMED_ALL, RELEASED_ALL, EXPIRED_ALL = range(4)

# Columns of the arrays below.
OWN, CONSUMED, EVER_ALLOCATED, EVER_CONSUMED, LENT, LENT_IN_CYCLE = range(6)
FREE, AT_START, SAFETY, FREE_CONSUMED, EVER_FREE_CONSUMED = range(5)
L_POOL, L_SEGMENT, L_OPENED, L_EXPIRES, L_CLOSED, L_HELD, L_NEXT, L_EVENT, L_REPAYS, L_IN_CYCLE = range(10)
L_UNITS, L_OPEN, L_RETURNED, L_EXPIRED = range(4)
H_POOL, H_SEGMENT, H_OPENED, H_EXPIRES, H_CLOSED, H_STATUS, H_LOAN, H_EVENT = range(8)
H_UNITS, H_OWN, H_FREE, H_CONSUMED, H_RELEASED, H_EXPIRED = range(6)
N_LOANS, N_HELD, N_LINES, N_ENDS = range(4)
OPERATION, EVENT, CAUSE, POOL, SEGMENT, REASON, LOAN, HELD = range(8)
ASKED, EFFECTIVE, OWN_CHANGE, FREE_CHANGE, OWN_AFTER, FREE_AFTER = range(6)
# Ends in the heap: a reservation's row, or a loan's row above this.
_LOAN_END = 1 << 40


class Terms(NamedTuple):
    """What the k segments may do; `life` in ns, -1 without end; `cut_order`: who is cut first."""

    may_borrow: Flags
    ratio: Numbers
    cap: Numbers
    life: Integers
    repays: Flags
    cut_order: Integers


class State(NamedTuple):
    """Pools: `quota` (n, k, 6) and `common` (n, 5) by the columns above; the rows of what is open.

    `loan`, `held` (reservations): codes and units by row. `oldest`, `newest` (n, k): chain of loans
    to be repaid. `held_of`: row of a coded reservation, -1 without. `ends` (h, 2): heap of time and
    row. `counts`: rows in use. Room for all rows that the events can make is given with it.
    """

    quota: Numbers
    common: Numbers
    is_whole: Flags
    loan: Integers
    loan_units: Numbers
    held: Integers
    held_units: Numbers
    oldest: Integers
    newest: Integers
    held_of: Integers
    ends: Integers
    counts: Integers


class Told(NamedTuple):
    """Events in their order, as codes; `action` and `reservation` -1 without; `is_applied` by action.

    The order is made before, not followed here: jumping between rows costs more than all the rest.
    """

    operation: Integers
    pool: Integers
    segment: Integers
    to_segment: Integers
    units: Numbers
    at: Integers
    expires_at: Integers
    reservation: Integers
    action: Integers
    is_applied: Flags


class Lines(NamedTuple):
    """What became of each event and what the system did: codes (m, 8), time (m), units (m, 6)."""

    codes: Integers
    at: Integers
    units: Numbers


_Compiled = TypeVar("_Compiled", bound=Callable[..., object])


def _compiled(function: _Compiled) -> _Compiled:
    return cast("_Compiled", njit(cache=True, nogil=True)(function))


def _inner(function: _Compiled) -> _Compiled:
    options = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("_Compiled", njit(cache=True, **options)(function))


# --- what may be borrowed


@_inner
def _allowance(terms: Terms, state: State, pool: int, segment: int) -> float:
    """Least of what ratio, cap and safety leave; whole units where the pool counts so."""
    if not terms.may_borrow[segment]:
        return 0.0
    quota, common = state.quota[pool, segment], state.common[pool]
    room = min(
        terms.ratio[segment] * common[AT_START] - quota[LENT_IN_CYCLE],
        terms.cap[segment] - quota[LENT],
        common[FREE] - common[SAFETY],
    )
    if state.is_whole[pool]:
        room = np.floor(room + NOISE)
    return float(max(room, 0.0))


@_compiled
def allowances(terms: Terms, state: State, room: Numbers) -> None:
    """Fill `room` (n, k) with what each segment may borrow of each pool now."""
    for pool in range(room.shape[0]):
        for segment in range(room.shape[1]):
            room[pool, segment] = _allowance(terms, state, pool, segment)


# --- lines


@_inner
def _line(state: State, lines: Lines, operation: int, event: int, cause: int, pool: int, at: int) -> int:
    row = state.counts[N_LINES]
    state.counts[N_LINES] = row + 1
    codes = lines.codes[row]
    codes[OPERATION], codes[EVENT], codes[CAUSE], codes[POOL] = operation, event, cause, pool
    codes[SEGMENT], codes[LOAN], codes[HELD] = -1, -1, -1
    lines.at[row] = at
    lines.units[row, :] = 0.0
    return int(row)


@_inner
def _say(state: State, lines: Lines, row: int, segment: int, reason: int) -> None:
    """Close a line: whom it concerned, why, and the state now."""
    pool = lines.codes[row, POOL]
    lines.codes[row, SEGMENT] = segment
    lines.codes[row, REASON] = reason
    if pool >= 0:
        lines.units[row, FREE_AFTER] = state.common[pool, FREE]
        if segment >= 0:
            lines.units[row, OWN_AFTER] = state.quota[pool, segment, OWN]


@_inner
def _moved(lines: Lines, row: int, effective: float, own: float, free: float) -> None:
    lines.units[row, EFFECTIVE] = effective
    lines.units[row, OWN_CHANGE] = own
    lines.units[row, FREE_CHANGE] = free


# --- ends, loans, reservations


@_inner
def _later(ends: Integers, first: int, second: int) -> bool:
    if ends[first, 0] != ends[second, 0]:
        return bool(ends[first, 0] > ends[second, 0])
    return bool(ends[first, 1] > ends[second, 1])


@_inner
def _swap(ends: Integers, first: int, second: int) -> None:
    for column in range(2):
        kept = ends[first, column]
        ends[first, column] = ends[second, column]
        ends[second, column] = kept


@_inner
def _await_end(state: State, time: int, row: int) -> None:
    """Remember that `row` ends at `time`; what is extended is remembered again, the old end is stale."""
    if time == NEVER:
        return
    at = state.counts[N_ENDS]
    state.counts[N_ENDS] = at + 1
    state.ends[at, 0], state.ends[at, 1] = time, row
    while at > 0 and _later(state.ends, (at - 1) // 2, at):
        _swap(state.ends, (at - 1) // 2, at)
        at = (at - 1) // 2


@_inner
def _next_end(state: State) -> int:
    """Take the earliest end off the heap and return its row."""
    row = state.ends[0, 1]
    size = state.counts[N_ENDS] - 1
    state.counts[N_ENDS] = size
    state.ends[0, 0], state.ends[0, 1] = state.ends[size, 0], state.ends[size, 1]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            return int(row)
        if child + 1 < size and _later(state.ends, child, child + 1):
            child += 1
        if not _later(state.ends, at, child):
            return int(row)
        _swap(state.ends, at, child)
        at = child


@_inner
def _lend(terms: Terms, state: State, event: int, place: tuple[int, int], units: float, at: int) -> int:
    """Open a loan of a segment; -1 where there is nothing to lend, or nobody who owes it."""
    pool, segment = place
    if units <= 0.0 or segment < 0:
        return -1
    row = int(state.counts[N_LOANS])
    state.counts[N_LOANS] = row + 1
    life = terms.life[segment]
    expires = NEVER if life < 0 or at > NEVER - life else at + life
    loan, amounts = state.loan[row], state.loan_units[row]
    loan[L_POOL], loan[L_SEGMENT], loan[L_OPENED], loan[L_EXPIRES] = pool, segment, at, expires
    loan[L_CLOSED], loan[L_HELD], loan[L_NEXT], loan[L_EVENT] = NEVER, -1, -1, event
    loan[L_REPAYS], loan[L_IN_CYCLE] = terms.repays[segment], 1
    amounts[L_UNITS], amounts[L_OPEN], amounts[L_RETURNED], amounts[L_EXPIRED] = units, units, 0.0, 0.0
    state.quota[pool, segment, LENT] += units
    state.quota[pool, segment, LENT_IN_CYCLE] += units
    _chain(state, row)
    _await_end(state, expires, _LOAN_END + row)
    return row


@_inner
def _chain(state: State, row: int) -> None:
    """Put an open loan that repays behind the others of its segment."""
    if state.loan[row, L_REPAYS] == 0:
        return
    pool, segment = state.loan[row, L_POOL], state.loan[row, L_SEGMENT]
    if state.oldest[pool, segment] < 0:
        state.oldest[pool, segment] = row
    else:
        state.loan[state.newest[pool, segment], L_NEXT] = row
    state.newest[pool, segment] = row


@_inner
def _repay(state: State, row: int, units: float, at: int) -> None:
    loan, amounts = state.loan[row], state.loan_units[row]
    quota = state.quota[loan[L_POOL], loan[L_SEGMENT]]
    amounts[L_RETURNED] += units
    amounts[L_OPEN] = max(amounts[L_OPEN] - units, 0.0)
    quota[LENT] = max(quota[LENT] - units, 0.0)
    if loan[L_IN_CYCLE]:
        quota[LENT_IN_CYCLE] = max(quota[LENT_IN_CYCLE] - units, 0.0)
    if amounts[L_OPEN] <= NOISE:
        loan[L_CLOSED] = at


@_inner
def _give_back(state: State, lines: Lines, line: int, row: int, units: float, at: int) -> None:
    """Open units of a reservation go where they came from, the pool's part first; its loan is repaid."""
    held, amounts = state.held[row], state.held_units[row]
    pool, segment = held[H_POOL], held[H_SEGMENT]
    free = min(units, amounts[H_FREE])
    own = min(units - free, amounts[H_OWN])
    amounts[H_FREE] -= free
    amounts[H_OWN] -= own
    state.common[pool, FREE] += free
    if segment >= 0:
        state.quota[pool, segment, OWN] += own
    loan = held[H_LOAN]
    if loan >= 0 and free > 0.0 and state.loan[loan, L_CLOSED] == NEVER:
        _repay(state, loan, min(free, state.loan_units[loan, L_OPEN]), at)
    _moved(lines, line, own + free, own, free)


@_inner
def _close_empty(state: State, row: int, at: int) -> None:
    amounts = state.held_units[row]
    if amounts[H_OWN] + amounts[H_FREE] <= NOISE:
        amounts[H_OWN], amounts[H_FREE] = 0.0, 0.0
        state.held[row, H_CLOSED] = at
        state.held[row, H_STATUS] = CONSUMED_ALL if amounts[H_CONSUMED] > 0.0 else RELEASED_ALL


@_inner
def _end_reservation(state: State, lines: Lines, row: int, at: int) -> None:
    held, amounts = state.held[row], state.held_units[row]
    if held[H_CLOSED] != NEVER or held[H_EXPIRES] != at:
        return
    line = _line(state, lines, EXPIRE, -1, -1, held[H_POOL], at)
    amounts[H_EXPIRED] = amounts[H_OWN] + amounts[H_FREE]
    lines.units[line, ASKED] = amounts[H_EXPIRED]
    _give_back(state, lines, line, row, amounts[H_EXPIRED], at)
    held[H_CLOSED], held[H_STATUS] = at, EXPIRED_ALL
    _say(state, lines, line, held[H_SEGMENT], RESERVATION_ENDED)
    lines.codes[line, HELD] = row


@_inner
def _end_loan(state: State, lines: Lines, row: int, at: int) -> None:
    loan, amounts = state.loan[row], state.loan_units[row]
    if loan[L_CLOSED] != NEVER:
        return
    units = amounts[L_OPEN]
    quota = state.quota[loan[L_POOL], loan[L_SEGMENT]]
    amounts[L_EXPIRED] += units
    amounts[L_OPEN] = 0.0
    quota[LENT] = max(quota[LENT] - units, 0.0)
    loan[L_CLOSED] = at
    line = _line(state, lines, EXPIRE, -1, -1, loan[L_POOL], at)
    lines.units[line, ASKED] = units
    _moved(lines, line, units, 0.0, 0.0)
    _say(state, lines, line, loan[L_SEGMENT], LOAN_LAPSED)
    lines.codes[line, LOAN] = row


@_inner
def _end_until(state: State, lines: Lines, until: int) -> None:
    while state.counts[N_ENDS] > 0 and state.ends[0, 0] <= until:
        at = state.ends[0, 0]
        row = _next_end(state)
        if row >= _LOAN_END:
            _end_loan(state, lines, row - _LOAN_END, at)
        else:
            _end_reservation(state, lines, row, at)


# --- the rules that every operation keeps


@_inner
def _refusal(told: Told, state: State, event: int) -> int:
    """First rule that the event breaks whatever the quantities in the book; `_FINE` if none."""
    operation, pool = told.operation[event], told.pool[event]
    segment, to_segment = told.segment[event], told.to_segment[event]
    if operation < 0:
        return UNKNOWN_OPERATION
    if pool < 0:
        return UNKNOWN_POOL if pool == -1 else WRONG_LEVEL
    if segment < -1 or (operation == REALLOCATE and to_segment < -1):
        wrong = segment if segment < -1 else to_segment
        return UNKNOWN_SEGMENT if wrong == -2 else BROKEN_PREFIX
    action = told.action[event]
    if action < 0:
        return ACTION_MISSING
    if told.is_applied[action]:
        return DUPLICATE_ACTION
    units = told.units[event]
    may_be_all = operation in (RELEASE, OFFSET)
    if may_be_all and np.isnan(units):
        units = 0.0
    if operation != EXTEND and operation != REBALANCE:
        if not np.isfinite(units) or abs(units) > MOST_UNITS:
            return UNITS_IMPLAUSIBLE
        is_empty = units == 0.0 and not may_be_all
        if is_empty or (units < 0.0 and operation != ADJUST):
            return UNITS_NOT_POSITIVE
        if state.is_whole[pool] and units != np.floor(units):
            return NOT_WHOLE_UNITS
    if operation <= REALLOCATE and (segment < 0 or (operation == REALLOCATE and to_segment < 0)):
        return SEGMENT_MISSING
    if operation == REALLOCATE and segment == to_segment:
        return SAME_SEGMENT
    return _reservation_refusal(told, state, event)


@_inner
def _reservation_refusal(told: Told, state: State, event: int) -> int:
    operation, code = told.operation[event], told.reservation[event]
    changes = operation in (EXTEND, RELEASE, OFFSET)
    if code < 0:
        return RESERVATION_MISSING if changes or operation == RESERVE else _FINE
    row = state.held_of[code]
    if operation == RESERVE and row >= 0:
        return RESERVATION_EXISTS
    if changes and row < 0:
        return RESERVATION_UNKNOWN
    if row >= 0 and (changes or operation == CONSUME):
        held, segment = state.held[row], told.segment[event]
        is_other = segment != held[H_SEGMENT] and (segment >= 0 or operation == CONSUME)
        if held[H_POOL] != told.pool[event] or is_other:
            return RESERVATION_ELSEWHERE
        if changes and held[H_CLOSED] != NEVER:
            return RESERVATION_OVER
    ends = operation in (RESERVE, EXTEND)
    is_open_ended = operation == EXTEND and told.expires_at[event] == NEVER
    if ends and (told.expires_at[event] <= told.at[event] or is_open_ended):
        return EXPIRY_NOT_AHEAD
    return _FINE


# --- the operations; each returns its reason


@_inner
def _change_quota(told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    """allocate, unallocate and reallocate."""
    operation, pool, segment = told.operation[event], told.pool[event], told.segment[event]
    units, quota = told.units[event], state.quota[pool]
    if operation == ALLOCATE:
        if units > state.common[pool, FREE] + NOISE:
            return POOL_SHORT
        state.common[pool, FREE] = max(state.common[pool, FREE] - units, 0.0)
        quota[segment, OWN] += units
        quota[segment, EVER_ALLOCATED] += units
        _moved(lines, line, units, units, -units)
        return AS_ASKED
    if units > quota[segment, OWN] + NOISE:
        return QUOTA_SHORT
    quota[segment, OWN] = max(quota[segment, OWN] - units, 0.0)
    if operation == UNALLOCATE:
        state.common[pool, FREE] += units
        _moved(lines, line, units, -units, units)
    else:
        quota[told.to_segment[event], OWN] += units
        quota[told.to_segment[event], EVER_ALLOCATED] += units
        _moved(lines, line, units, -units, 0.0)
    return AS_ASKED


@_inner
def _shortfall(terms: Terms, state: State, place: tuple[int, int], units: float) -> int:
    """Why a segment, or nobody's demand, cannot take so many units; `_FINE` if it can."""
    pool, segment = place
    if segment < 0:
        return POOL_SHORT if units > state.common[pool, FREE] + NOISE else _FINE
    room = state.quota[pool, segment, OWN] + _allowance(terms, state, pool, segment)
    return BEYOND_ALLOWANCE if units > room + NOISE else _FINE


@_inner
def _take(state: State, place: tuple[int, int], units: float) -> tuple[float, float]:
    """Take units from the segment's own quota first, then from the pool; return both parts."""
    pool, segment = place
    own = 0.0
    if segment >= 0:
        own = min(units, state.quota[pool, segment, OWN])
        state.quota[pool, segment, OWN] -= own
    free = units - own if units - own > NOISE else 0.0
    state.common[pool, FREE] = max(state.common[pool, FREE] - free, 0.0)
    return own, free


@_inner
def _count_consumed(state: State, place: tuple[int, int], units: float) -> None:
    pool, segment = place
    if segment >= 0:
        state.quota[pool, segment, CONSUMED] += units
        state.quota[pool, segment, EVER_CONSUMED] += units
    else:
        state.common[pool, FREE_CONSUMED] += units
        state.common[pool, EVER_FREE_CONSUMED] += units


@_inner
def _consume_held(state: State, row: int, units: float, at: int) -> None:
    amounts = state.held_units[row]
    own = min(units, amounts[H_OWN])
    amounts[H_OWN] -= own
    amounts[H_FREE] = max(amounts[H_FREE] - (units - own), 0.0)
    amounts[H_CONSUMED] += units
    _close_empty(state, row, at)


@_inner
def _consume(terms: Terms, told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    pool, segment, units, at = told.pool[event], told.segment[event], told.units[event], told.at[event]
    code, before, row = told.reservation[event], 0.0, -1
    if code >= 0 and state.held_of[code] >= 0:
        row = state.held_of[code]
        before = min(units, state.held_units[row, H_OWN] + state.held_units[row, H_FREE])
    short = _shortfall(terms, state, (pool, segment), units - before)
    if short != _FINE:
        return short
    if before > 0.0:
        _consume_held(state, row, before, at)
        lines.codes[line, HELD] = row
    own, free = _take(state, (pool, segment), units - before)
    lines.codes[line, LOAN] = _lend(terms, state, event, (pool, segment), free, at)
    _count_consumed(state, (pool, segment), units)
    _moved(lines, line, units, -own, -free)
    if lines.codes[line, LOAN] >= 0:
        return BORROWED_FROM_POOL
    return RESERVED_BEFORE if before > 0.0 else AS_ASKED


@_inner
def _reserve(terms: Terms, told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    pool, segment, units, at = told.pool[event], told.segment[event], told.units[event], told.at[event]
    short = _shortfall(terms, state, (pool, segment), units)
    if short != _FINE:
        return short
    own, free = _take(state, (pool, segment), units)
    loan = _lend(terms, state, event, (pool, segment), free, at)
    row = state.counts[N_HELD]
    state.counts[N_HELD] = row + 1
    state.held_of[told.reservation[event]] = row
    held, amounts = state.held[row], state.held_units[row]
    held[H_POOL], held[H_SEGMENT], held[H_OPENED], held[H_EXPIRES] = pool, segment, at, told.expires_at[event]
    held[H_CLOSED], held[H_STATUS], held[H_LOAN], held[H_EVENT] = NEVER, ACTIVE, loan, event
    amounts[:] = 0.0
    amounts[H_UNITS], amounts[H_OWN], amounts[H_FREE] = units, own, free
    if loan >= 0:
        state.loan[loan, L_HELD] = row
    _await_end(state, held[H_EXPIRES], row)
    lines.codes[line, HELD], lines.codes[line, LOAN] = row, loan
    _moved(lines, line, units, -own, -free)
    return BORROWED_FROM_POOL if loan >= 0 else AS_ASKED


@_inner
def _change_reservation(told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    """extend, release and offset."""
    operation, units, at = told.operation[event], told.units[event], told.at[event]
    row = state.held_of[told.reservation[event]]
    held, amounts = state.held[row], state.held_units[row]
    still = amounts[H_OWN] + amounts[H_FREE]
    lines.codes[line, HELD] = row
    if operation == EXTEND:
        held[H_EXPIRES] = told.expires_at[event]
        _await_end(state, held[H_EXPIRES], row)
        return AS_ASKED
    if np.isnan(units) or units == 0.0:
        units = still
    if units > still + NOISE:
        return RESERVATION_SHORT
    if operation == RELEASE:
        amounts[H_RELEASED] += units
        _give_back(state, lines, line, row, units, at)
        _close_empty(state, row, at)
        return AS_ASKED
    _consume_held(state, row, units, at)
    _count_consumed(state, (held[H_POOL], held[H_SEGMENT]), units)
    _moved(lines, line, units, 0.0, 0.0)
    return RESERVED_BEFORE


@_inner
def _add_supply(told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    """A segment's supply first repays its loans, oldest first; each return has its line."""
    pool, segment, units, at = told.pool[event], told.segment[event], told.units[event], told.at[event]
    if segment < 0:
        state.common[pool, FREE] += units
        _moved(lines, line, units, 0.0, units)
        _say(state, lines, line, segment, AS_ASKED)
        return AS_ASKED
    quota = state.quota[pool, segment]
    quota[OWN] += units
    _moved(lines, line, units, units, 0.0)
    _say(state, lines, line, segment, AS_ASKED)
    left = units
    while left > NOISE and state.oldest[pool, segment] >= 0:
        row = state.oldest[pool, segment]
        if state.loan[row, L_CLOSED] != NEVER:
            state.oldest[pool, segment] = state.loan[row, L_NEXT]
            continue
        part = min(left, state.loan_units[row, L_OPEN])
        left -= part
        quota[OWN] = max(quota[OWN] - part, 0.0)
        state.common[pool, FREE] += part
        _repay(state, row, part, at)
        held = state.loan[row, L_HELD]
        if held >= 0:
            amounts = state.held_units[held]
            paid = max(amounts[H_FREE] - state.loan_units[row, L_OPEN], 0.0)
            amounts[H_FREE] -= paid
            amounts[H_OWN] += paid
        back = _line(state, lines, RETURN, -1, event, pool, at)
        lines.units[back, ASKED] = part
        lines.codes[back, LOAN] = row
        _moved(lines, back, part, -part, part)
        _say(state, lines, back, segment, LOAN_RETURNED)
    return AS_ASKED


@_inner
def _lose_supply(terms: Terms, told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    """The named segment, then the common pool, then every quota in the order of `cut_order`."""
    pool, segment, lost, at = told.pool[event], told.segment[event], -told.units[event], told.at[event]
    if lost > state.common[pool, FREE] + state.quota[pool, :, OWN].sum() + NOISE:
        return SUPPLY_SHORT
    own = 0.0
    if segment >= 0:
        own = min(lost, state.quota[pool, segment, OWN])
        state.quota[pool, segment, OWN] -= own
    free = min(lost - own, state.common[pool, FREE])
    state.common[pool, FREE] -= free
    _moved(lines, line, -lost, -own, -free)
    _say(state, lines, line, segment, AS_ASKED)
    missing = lost - own - free
    for other in terms.cut_order:
        part = min(missing, state.quota[pool, other, OWN])
        if part <= NOISE:
            continue
        missing -= part
        state.quota[pool, other, OWN] -= part
        cut = _line(state, lines, CUT, -1, event, pool, at)
        lines.units[cut, ASKED] = part
        _moved(lines, cut, part, -part, 0.0)
        _say(state, lines, cut, other, SUPPLY_CUT)
    return AS_ASKED


@_inner
def _apply(terms: Terms, told: Told, state: State, lines: Lines, line: int, event: int) -> int:
    reason = _refusal(told, state, event)
    if reason != _FINE:
        return reason
    operation = told.operation[event]
    if operation <= REALLOCATE:
        return _change_quota(told, state, lines, line, event)
    if operation == CONSUME:
        return _consume(terms, told, state, lines, line, event)
    if operation == RESERVE:
        return _reserve(terms, told, state, lines, line, event)
    if operation <= OFFSET:
        return _change_reservation(told, state, lines, line, event)
    if operation == REBALANCE:
        return REBALANCE_REQUESTED
    if told.units[event] > 0.0:
        return _add_supply(told, state, lines, line, event)
    return _lose_supply(terms, told, state, lines, line, event)


@_compiled
def fold_events(terms: Terms, told: Told, until: int, state: State, lines: Lines) -> None:
    """Apply the events one by one, then end what ends by `until`; `state` and `lines` are filled.

    An event after `until` is refused and does not move the clock.
    """
    for row in range(state.counts[N_HELD]):
        if state.held[row, H_CLOSED] == NEVER:
            _await_end(state, state.held[row, H_EXPIRES], row)
    for row in range(state.counts[N_LOANS]):
        if state.loan[row, L_CLOSED] == NEVER:
            _chain(state, row)
            _await_end(state, state.loan[row, L_EXPIRES], _LOAN_END + row)
    for event in range(len(told.at)):
        at = told.at[event]
        if at <= until:
            _end_until(state, lines, at)
        line = _line(state, lines, told.operation[event], event, event, told.pool[event], min(at, until))
        lines.units[line, ASKED] = told.units[event] if np.isfinite(told.units[event]) else 0.0
        reason = _apply(terms, told, state, lines, line, event) if at <= until else EVENT_AHEAD
        if told.operation[event] != ADJUST or reason != AS_ASKED:
            held = lines.codes[line, HELD] if reason <= SUPPLY_CUT else -1
            segment = state.held[held, H_SEGMENT] if held >= 0 else told.segment[event]
            _say(state, lines, line, segment, reason)
        if reason <= SUPPLY_CUT:
            told.is_applied[told.action[event]] = True
    _end_until(state, lines, until)
