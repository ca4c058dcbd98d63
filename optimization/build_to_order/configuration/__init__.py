"""What can be built: rules, violations, repairs, and what is wrong with the rules themselves."""
