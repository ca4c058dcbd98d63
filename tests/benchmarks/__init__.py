"""Figures measured side by side in one run; none of them is asserted in the test suite."""
