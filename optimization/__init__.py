"""Pure decision science: frames and parameters in, frames and a report out.

Nothing in here knows Dagster, dbt, a file, a database or the clock; where work is to be
spread, the mapper comes in as a parameter.
"""
