"""What crosses a border, stated once: columns, and the tables that list them.

`columns` holds every column that appears in any border table, `column` and `table` the classes
that state them, `inputs` what the science reads (`opt_in__`), `outputs` what it writes
(`opt_out__`); the allocation to segments has its own in `allocation_columns` and
`allocation_tables`. The raw tables of the source are stated in `orchestration.contracts.raw` and
the modules that it lists, from the same columns. Checks, Arrow and dbt schemas and the data
dictionary are derived.
"""
