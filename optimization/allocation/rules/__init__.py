"""Plans and their rules: which holds for a pool, and what quantities it asks for."""
