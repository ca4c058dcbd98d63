with

measures as (

    select * from {{ ref('int_kpi_segments') }}

)

select
    {{ kpi_row(
        'allocation_churn',
        numerator="measures.allocation_change_units",
        denominator="measures.previous_allocated_units",
        n="measures.quota_count",
        basis="'quotas against the release before'",
        null_reason="'no_earlier_allocation'"
    ) }}
from measures
