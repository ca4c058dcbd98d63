"""Where each order stands, when it will be delivered, and what it was promised."""
