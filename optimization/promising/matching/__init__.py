"""Which customer gets which unit: candidates, scores, and the best assignment of all."""
