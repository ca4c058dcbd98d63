"""Known answers: worked cases run through the product's own code."""
