with

periods as (

    select * from {{ ref('int_kpi_periods') }}

),

flows as (

    select * from {{ ref('int_kpi_flows_daily') }}

),

orders as (

    select * from {{ ref('int_kpi_orders_daily') }}

),

stock as (

    select * from {{ ref('int_kpi_stock_daily') }}

),

deliveries as (

    select * from {{ ref('int_kpi_delivery_days') }}

),

stock_now as (

    select * from {{ ref('int_kpi_stock_now') }}

),

calendar as (

    select * from {{ ref('dim_calendar') }}

),

stock_start as (

    select min(stock_date) as first_date from stock

),

-- selling days of the part of the period that history covers
selling_days as (

    select
        periods.period,
        periods.window_days,
        periods.period_end_date,
        count(*) filter (calendar.is_selling) as selling_days,
        bool_or(calendar.is_stated) as is_calendar_stated
    from periods
    cross join stock_start
    inner join calendar
        on
            calendar.calendar_date between periods.period_start_date and periods.period_end_date
            and calendar.calendar_date >= coalesce(stock_start.first_date, periods.period_start_date)
    group by periods.period, periods.window_days, periods.period_end_date

),

scopes as (

    select
        scope_type,
        scope_id
    from flows
    union
    select
        scope_type,
        scope_id
    from stock
    union
    select
        scope_type,
        scope_id
    from stock_now

),

-- every scope has the rolling windows, the network the months as well
wanted as (

    select
        scopes.scope_type,
        scopes.scope_id,
        periods.period,
        periods.window_days,
        periods.period_end_date,
        periods.period_start_date
    from scopes
    inner join periods on periods.period = 'rolling' or scopes.scope_type = 'network'

),

flows_by_period as (

    select
        wanted.scope_type,
        wanted.scope_id,
        wanted.period,
        wanted.window_days,
        wanted.period_end_date,
        sum(flows.requested_units) as requested_units,
        sum(flows.request_lines) as request_lines,
        sum(flows.measured_units) as measured_units,
        sum(flows.filled_units) as filled_units,
        sum(flows.measured_lines) as measured_lines,
        sum(flows.filled_lines) as filled_lines,
        sum(flows.backordered_units) as backordered_units,
        sum(flows.sold_units) as sold_units,
        sum(flows.cogs) as cogs,
        sum(flows.priced_cogs) as priced_cogs,
        sum(flows.revenue) as revenue,
        sum(flows.sale_lines) as sale_lines,
        sum(flows.priced_lines) as priced_lines,
        sum(flows.expedited_receipts) as expedited_receipts,
        sum(flows.measured_receipts) as measured_receipts
    from wanted
    inner join flows
        on
            wanted.scope_type = flows.scope_type
            and wanted.scope_id = flows.scope_id
            and flows.activity_date between wanted.period_start_date and wanted.period_end_date
    group by all

),

orders_by_period as (

    select
        wanted.scope_type,
        wanted.scope_id,
        wanted.period,
        wanted.window_days,
        wanted.period_end_date,
        sum(orders.measured_orders) as measured_orders,
        sum(orders.filled_orders) as filled_orders,
        sum(orders.due_orders) as due_orders,
        sum(orders.complete_orders) as complete_orders
    from wanted
    inner join orders
        on
            wanted.scope_type = orders.scope_type
            and wanted.scope_id = orders.scope_id
            and orders.activity_date between wanted.period_start_date and wanted.period_end_date
    group by all

),

stock_by_period as (

    select
        wanted.scope_type,
        wanted.scope_id,
        wanted.period,
        wanted.window_days,
        wanted.period_end_date,
        count(*) as stock_days,
        sum(stock.on_hand_value) as value_days,
        sum(stock.counted_value) as counted_value_days,
        sum(stock.yearly_carrying_cost) as yearly_cost_days,
        -- on a day on which nothing is sold nobody misses anything
        sum(stock.empty_item_locations) filter (calendar.is_selling) as empty_item_location_days,
        sum(stock.ranged_item_locations) filter (calendar.is_selling) as ranged_item_location_days,
        sum(stock.empty_demand_units) filter (calendar.is_selling) as empty_demand_days,
        sum(stock.ranged_demand_units) filter (calendar.is_selling) as ranged_demand_days,
        sum(stock.stockout_incidents) as stockout_incidents
    from wanted
    inner join stock
        on
            wanted.scope_type = stock.scope_type
            and wanted.scope_id = stock.scope_id
            and stock.stock_date between wanted.period_start_date and wanted.period_end_date
    inner join calendar on stock.stock_date = calendar.calendar_date
    group by all

)

select
    wanted.scope_type,
    wanted.scope_id,
    wanted.period,
    wanted.window_days,
    wanted.period_end_date,
    flows_by_period.requested_units,
    flows_by_period.request_lines,
    flows_by_period.measured_units,
    flows_by_period.filled_units,
    flows_by_period.measured_lines,
    flows_by_period.filled_lines,
    flows_by_period.backordered_units,
    flows_by_period.sold_units,
    flows_by_period.cogs,
    flows_by_period.priced_cogs,
    flows_by_period.revenue,
    flows_by_period.sale_lines,
    flows_by_period.priced_lines,
    flows_by_period.expedited_receipts,
    flows_by_period.measured_receipts,
    orders_by_period.measured_orders,
    orders_by_period.filled_orders,
    orders_by_period.due_orders,
    orders_by_period.complete_orders,
    stock_by_period.stock_days,
    stock_by_period.value_days,
    stock_by_period.counted_value_days,
    stock_by_period.yearly_cost_days,
    stock_by_period.empty_item_location_days,
    stock_by_period.ranged_item_location_days,
    stock_by_period.empty_demand_days,
    stock_by_period.ranged_demand_days,
    stock_by_period.stockout_incidents,
    deliveries.delivered_lines,
    deliveries.delivery_days_total,
    deliveries.delivery_days_p50,
    deliveries.delivery_days_p90,
    case when wanted.period = 'rolling' then stock_now.item_locations end as item_locations_now,
    case when wanted.period = 'rolling' then stock_now.available_units end as available_units_now,
    case when wanted.period = 'rolling' then stock_now.investment_value end as investment_value_now,
    case when wanted.period = 'rolling' then stock_now.aged_base_value end as aged_base_value_now,
    case when wanted.period = 'rolling' then stock_now.aged_value end as aged_value_now,
    case when wanted.period = 'rolling' then stock_now.obsolete_value end as obsolete_value_now,
    case when wanted.period = 'rolling' then stock_now.financed_value end as financed_value_now,
    selling_days.selling_days,
    coalesce(selling_days.is_calendar_stated, false) as is_calendar_stated
from wanted
left join flows_by_period using (scope_type, scope_id, period, window_days, period_end_date)
left join orders_by_period using (scope_type, scope_id, period, window_days, period_end_date)
left join stock_by_period using (scope_type, scope_id, period, window_days, period_end_date)
left join deliveries using (scope_type, scope_id, period, window_days, period_end_date)
left join stock_now using (scope_type, scope_id)
left join selling_days using (period, window_days, period_end_date)
