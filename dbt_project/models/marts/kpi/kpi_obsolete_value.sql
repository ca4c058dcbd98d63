with

measures as (

    select * from {{ ref('int_kpi_measures') }}

),

-- what holds now is the same for every window: once, as a window of no days
latest as (

    select
        scope_type,
        scope_id,
        period,
        0 as window_days,
        period_end_date,
        obsolete_value_now,
        aged_base_value_now,
        item_locations_now
    from measures
    where period = 'rolling' and scope_type <> 'segment'
    qualify row_number() over (
        partition by scope_type, scope_id
        order by window_days
    ) = 1

)

select
    {{ kpi_row(
        'obsolete_value',
        numerator="measures.obsolete_value_now",
        n="measures.item_locations_now",
        basis="'older than, or not asked for in, " ~ var('obsolete_after_days') ~ " days, at cost'",
        null_reason="'no_stock'"
    ) }}
from latest as measures

union all

select
    {{ kpi_row(
        'obsolete_share',
        numerator="measures.obsolete_value_now",
        denominator="measures.aged_base_value_now",
        n="measures.item_locations_now",
        basis="'older than, or not asked for in, " ~ var('obsolete_after_days') ~ " days, at cost'",
        null_reason="'no_stock'"
    ) }}
from latest as measures
