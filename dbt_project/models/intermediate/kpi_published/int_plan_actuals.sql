with

plans as (

    select * from {{ ref('stg_history__past_plan') }}

),

demand as (

    select * from {{ ref('int_demand_daily') }}

),

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

spells as (

    select * from {{ ref('int_stock_spells') }}

),

receipts as (

    select * from {{ ref('fct_receipts') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- the release that planned each window; what it planned begins on the day after it
windows as (

    select distinct
        plans.window_weeks,
        plans.release_as_of,
        plans.release_as_of + 1 as period_start_date,
        run_context.as_of as period_end_date
    from plans
    cross join run_context

),

-- where a release planned something of a kind: only there is it held to account
planned_places as (

    select distinct
        window_weeks,
        plan_kind,
        item_id,
        location_id
    from plans
    where plan_kind in ('stock', 'replenishment', 'transfer', 'receipt')

),

demand_by_window as (

    select
        windows.window_weeks,
        'forecast' as plan_kind,
        demand.item_id,
        demand.location_id,
        sum(demand.demand_units) as actual_units,
        cast(null as decimal(18, 3)) as actual_base_units
    from demand
    inner join windows on demand.demand_date between windows.period_start_date and windows.period_end_date
    group by windows.window_weeks, demand.item_id, demand.location_id

),

fill_by_window as (

    select
        windows.window_weeks,
        'policy_service' as plan_kind,
        lines.item_id,
        lines.location_id,
        sum(lines.filled_at_request_units) as actual_units,
        sum(lines.requested_units) as actual_base_units
    from lines
    inner join windows on lines.demand_date between windows.period_start_date and windows.period_end_date
    where lines.is_demand and lines.filled_at_request_units is not null
    group by windows.window_weeks, lines.item_id, lines.location_id

),

-- stock of a spell counts on each of its days that lies in the window
stock_by_window as (

    select
        windows.window_weeks,
        'stock' as plan_kind,
        spells.item_id,
        spells.location_id,
        sum(
            spells.on_hand_units
            * (
                least(spells.valid_to, windows.period_end_date)
                - greatest(spells.valid_from, windows.period_start_date)
                + 1
            )
        ) as actual_units,
        cast(null as decimal(18, 3)) as actual_base_units
    from spells
    inner join windows
        on
            spells.valid_from <= windows.period_end_date
            and spells.valid_to >= windows.period_start_date
    group by windows.window_weeks, spells.item_id, spells.location_id

),

-- what was ordered since the release answers its proposals, what was on order before its expectations
receipts_by_window as (

    select
        windows.window_weeks,
        case
            when coalesce(receipts.ordered_date <= windows.release_as_of, true) then 'receipt'
            when receipts.supplier_id is null then 'transfer'
            else 'replenishment'
        end as plan_kind,
        receipts.item_id,
        receipts.location_id,
        sum(receipts.received_units) as actual_units,
        cast(null as decimal(18, 3)) as actual_base_units
    from receipts
    inner join windows
        on receipts.received_date between windows.period_start_date and windows.period_end_date
    group by all

),

accountable as (

    select * from stock_by_window
    union all by name
    select * from receipts_by_window

),

actuals as (

    select * from demand_by_window
    union all by name
    select * from fill_by_window
    union all by name
    select accountable.*
    from accountable
    inner join planned_places
        on
            accountable.window_weeks = planned_places.window_weeks
            and accountable.plan_kind = planned_places.plan_kind
            and accountable.item_id = planned_places.item_id
            and accountable.location_id = planned_places.location_id

),

both_sides as (

    select
        window_weeks,
        plan_kind,
        item_id,
        location_id,
        case when plan_kind = 'stock' then planned_units * 7 * window_weeks else planned_units end
            as planned_units,
        planned_base_units,
        cast(null as decimal(38, 3)) as actual_units,
        cast(null as decimal(38, 3)) as actual_base_units
    from plans
    union all by name
    select * from actuals

)

select
    window_weeks,
    plan_kind,
    item_id,
    location_id,
    sum(planned_units) as planned_units,
    sum(planned_base_units) as planned_base_units,
    sum(actual_units) as actual_units,
    sum(actual_base_units) as actual_base_units
from both_sides
group by window_weeks, plan_kind, item_id, location_id
