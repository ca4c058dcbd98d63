"""Candidate, gate, release."""
