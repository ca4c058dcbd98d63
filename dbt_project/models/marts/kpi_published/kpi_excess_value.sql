with

measures as (

    select * from {{ ref('int_kpi_plan_now') }}

)

select
    {{ kpi_row(
        'excess_value',
        numerator="measures.excess_value",
        n="measures.item_locations",
        basis="'on hand above the level where the position is far above it, at cost'",
        null_reason="'no_stock'"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'excess_share',
        numerator="measures.excess_value",
        denominator="measures.on_hand_value",
        n="measures.item_locations",
        basis="'excess per stock on hand, at cost'",
        null_reason="'no_stock'"
    ) }}
from measures
