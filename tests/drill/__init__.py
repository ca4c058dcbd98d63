"""Drills: the large counts that no test run has time for, on a miniature of the flow (`make drill`)."""
