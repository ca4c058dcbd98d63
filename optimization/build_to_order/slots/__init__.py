"""Which order is built where and when, what is left, and what one more slot is worth."""
