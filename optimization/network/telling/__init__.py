"""From a solved problem to frames, each number with its reason."""
