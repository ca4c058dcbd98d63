"""Talking to PostgreSQL, at whichever end: where it is, how it is reached, what its errors mean."""
