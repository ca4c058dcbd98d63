"""What auditors ask for: where a number comes from, and proof that it can be made again."""
