"""Reference definitions of measures that dbt computes at scale: one formula each, on plain values.

Nothing in the pipeline calls these. The SQL of the key figures and of ageing is tested against
them, and the worked cases are run through them.
"""
