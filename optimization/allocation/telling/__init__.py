"""What a cycle did and left behind, as tables of the contract."""
