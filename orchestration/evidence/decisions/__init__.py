"""What people decide about policies, reviews and demand plans: from the ledger, and into it."""
