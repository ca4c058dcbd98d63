"""The one way time is sliced: a partition is the business date of a snapshot.

Items and locations are never partitions; the science cuts its own batches.
"""

from __future__ import annotations

from datetime import date

import dagster as dg

from orchestration.settings import settings

# A snapshot may carry today's date, so the partition of today exists before the day is over.
DAILY = dg.DailyPartitionsDefinition(start_date=settings().first_business_date.isoformat(), end_offset=1)
# A plan is one unit of one snapshot: a backfill is one run per date.
BACKFILL = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def business_date(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> date:
    """Return the business date of the run's partition."""
    return date.fromisoformat(context.partition_key)
