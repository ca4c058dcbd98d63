with

measures as (

    select * from {{ ref('int_kpi_measures') }}

),

-- what is owned now is the same for every window: once, as a window of no days
latest as (

    select
        scope_type,
        scope_id,
        period,
        0 as window_days,
        period_end_date,
        investment_value_now,
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
        'inventory_investment',
        numerator="measures.investment_value_now",
        n="measures.item_locations_now",
        basis="'owned stock at cost on the business date'",
        null_reason="'no_stock'"
    ) }}
from latest as measures

union all

select
    {{ kpi_row(
        'average_inventory',
        numerator="measures.value_days / measures.stock_days",
        n="measures.stock_days",
        basis="'daily stock at cost'",
        null_reason="'no_stock_history'"
    ) }}
from measures
where measures.scope_type <> 'segment'
