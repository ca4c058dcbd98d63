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
        investment_value_now,
        financed_value_now,
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
        'inventory_cash',
        numerator="measures.investment_value_now - measures.financed_value_now",
        n="measures.item_locations_now",
        basis="'owned stock at cost less units on a floor plan'",
        null_reason="'no_stock'"
    ) }}
from latest as measures
