"""What a run knows of itself: the releases before it, and how far it reads the ledger."""
