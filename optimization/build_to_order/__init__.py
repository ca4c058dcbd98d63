"""Made to order: what can be built, when it gets a slot, how long it takes, and what changes cost."""
