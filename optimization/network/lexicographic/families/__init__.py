"""One constraint family of the joint plan per file: its equation, over which index it stands, its rule."""
