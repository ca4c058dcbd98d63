"""What crosses a border, stated once: columns, and the tables that list them.

`columns` holds every column that appears in any border table, `column` and `table` the classes
that state them, `inputs` what the science reads (`opt_in__`), `outputs` what it writes
(`opt_out__`). The raw tables of the source are stated in `orchestration.contracts.raw` from
the same columns. Checks, Arrow and dbt schemas and the data dictionary are derived.
"""
