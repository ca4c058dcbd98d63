"""What customers are promised: units of stock, and orders that are made for them."""
