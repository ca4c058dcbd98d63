"""The raw tables of the source, the registry of all borders, and what is rendered from them."""
