"""One published number, back to the sealed rows and the decisions that it was made of."""
