"""Releases as wholes: made again, compared, put into one file, removed when their time is over."""
