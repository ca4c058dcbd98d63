"""What plants and customers are to be told: rows for an outbox, each written once."""
