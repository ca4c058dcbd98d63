with

measures as (

    select * from {{ ref('int_kpi_segments') }}

)

select
    {{ kpi_row(
        'segment_quota_use',
        numerator="measures.cumulative_consumed_units",
        denominator="measures.cumulative_allocated_units",
        n="measures.quota_count",
        basis="'ever consumed per ever allocated; above 1 where it borrowed'",
        null_reason="'nothing_allocated'"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'segment_borrow_share',
        numerator="measures.taken_pool_units",
        denominator="case when measures.taken_own_units + measures.taken_pool_units > 0 then measures.taken_own_units + measures.taken_pool_units end",
        n="measures.quota_count",
        basis="'taken since the release before'",
        null_reason="'nothing_taken'"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'segment_unused_at_expiry',
        numerator="measures.withdrawn_units",
        n="measures.quota_count",
        basis="'quota taken back unused since the release before'",
        null_reason="'no_operations'"
    ) }}
from measures
