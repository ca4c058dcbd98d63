"""What a requested change of an order would do, and until when it can be made."""
