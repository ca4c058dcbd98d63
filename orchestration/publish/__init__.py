"""From a checked candidate to an immutable release and the doors through which others read it."""
