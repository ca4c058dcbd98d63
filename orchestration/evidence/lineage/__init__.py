"""Where each column comes from and how it is computed, as files that are reviewed.

Both hang on the code alone, not on the data of a day. They are therefore derived once, from dbt's compiled
SQL and what the science declares, written to `column_lineage.csv` and `column_formula.csv` beside these
modules, and compared in CI: a change of lineage is a diff that somebody reads. The daily run only reads them.
`python -m orchestration.evidence.lineage` writes them.
"""
