"""The year by month: what to buy, hold and commit to before demand is known, and what is scarce."""
