"""The network problem as a linear model: in Pyomo to be read, in arrays for size; the same matrix."""
