"""What must hold for any input, tried on generated ones."""
