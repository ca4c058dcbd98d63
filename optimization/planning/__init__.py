"""Looking ahead on the day's baseline: scenarios, what service costs, and the year by month."""
