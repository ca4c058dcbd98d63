"""What a run reads of the releases before it."""
