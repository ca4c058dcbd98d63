"""Stock policy: when an item-location orders and up to where; one rule per file."""
