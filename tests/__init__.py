"""The tests; `python -m tests.oracles.run_cases` and `python -m tests.benchmarks.pipeline` run from here."""
