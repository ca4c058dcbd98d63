"""One constraint family per file: its equation, over which index it stands, and its rule."""
