"""What a cycle did and left behind, as tables of the contract.

`state` tells quotas, loans and reservations, `state_of_cycle` and `retelling` what it is told of;
`entries` puts the lines of operations and those of the system (`change_lines`) into one ledger;
`runs` sums the rebalancings. `forms`, `identities` and `rule_names` serve them.
"""
