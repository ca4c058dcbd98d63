"""Wiring only: each folder is one stage of the flow, and says what is read, called and written."""
