"""The pipeline around the science: connectors, lake, Dagster wiring, release, evidence, CLI."""

import os

# The matrices of the science are small: threads of the linear algebra wait for each other and cost
# several times the work. They are read once, when numpy is first imported, so they are set here.
for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# Nothing phones home, however Stockplan is started. Each library is told by the name that it knows,
# before it is imported; children inherit it.
for _switch, _off in (
    ("DO_NOT_TRACK", "1"),
    ("DAGSTER_DISABLE_TELEMETRY", "1"),
    ("DBT_SEND_ANONYMOUS_USAGE_STATS", "false"),
    ("GX_ANALYTICS_ENABLED", "false"),
):
    os.environ[_switch] = _off
