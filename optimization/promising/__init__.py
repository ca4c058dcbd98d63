"""What can be promised to customers: availability over time, with every promise made so far kept.

Quantities: `atp` is the door. `look_ahead` states the terms on a calendar of all days, as literature
does; `running` reckons the same for a million places, by days of change only, and is held against it;
`quotas` says how much of it each segment may be promised. Order lines get their dates in `delivery`,
one question its answer in `quoting`. Single units: `unit_atp` says which can be promised,
`unit_reservations` who has them, `matching` who should.
"""
