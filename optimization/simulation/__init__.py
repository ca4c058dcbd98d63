"""What a policy would have done: one simulator, the rules to beat, and the honest comparison."""
