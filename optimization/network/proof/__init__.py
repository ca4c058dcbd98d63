"""What is checked without trusting whoever solved: the bound from its prices, the plan from the arrays."""
