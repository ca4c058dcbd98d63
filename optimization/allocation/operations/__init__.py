"""Operations on the segments' stock: events of the ledger, folded in one fixed order to the state.

Three calls are the door: `events.stated_events` codes frames to arrays, `fold.fold` applies them to a
book and tells what became of each, `availability.available` says what every segment can be promised.
`vocabulary` has the words and their codes, `kernel` the semantics of every operation, `rows` takes
loans and reservations apart for it and puts them together again.
"""
