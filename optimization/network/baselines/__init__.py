"""Plans that simpler rules would make of the same problem: what the network plan has to beat.

One module per rule; `admission` makes their wishes feasible, `comparison` scores and judges them.
"""
