"""Operations on the segments' stock: events of the ledger, folded in one fixed order to the state."""
