"""The HTML report of a release: one self-contained page that needs no network."""
