"""Tiny models as text: a change of a formulation is a reviewed diff of its golden copy."""
