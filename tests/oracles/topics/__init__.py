"""One module per group of topics; each function calls product code and nothing else."""
