"""What open order lines are promised: the earliest date, its source, the handover, and the first promise.

`planning` is the door. `book` holds what is left of every place's stock and supply while lines take
from it, one after the other; `sources` says where a line may be served from; `handovers` gives each
place's vehicles their day; `told` writes the rows and keeps the first promise.
"""
