"""What can be promised to customers."""
