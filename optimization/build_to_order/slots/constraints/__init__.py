"""Families of the slots' model, one equation a file: an index and a rule each."""
