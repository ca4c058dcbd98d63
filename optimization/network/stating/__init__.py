"""From frames to the network problem."""
