with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

receipts as (

    select * from {{ ref('fct_receipts') }}

),

-- a unit that is kept for the house, such as a loaner, counts in no rate of stock
uncounted_units as (

    select unit_id
    from {{ ref('int_units_resolved') }}
    where not counts_in_kpi

),

first_day as (

    select min(period_start_date) as first_date from {{ ref('int_kpi_periods') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

requested as (

    select lines.*
    from lines
    cross join first_day
    cross join run_context
    left join uncounted_units on lines.unit_id = uncounted_units.unit_id
    where
        uncounted_units.unit_id is null
        and lines.is_demand
        and lines.demand_date between first_day.first_date and run_context.as_of

),

sold as (

    select
        lines.*,
        uncounted_units.unit_id is null as is_counted
    from lines
    cross join first_day
    cross join run_context
    left join uncounted_units on lines.unit_id = uncounted_units.unit_id
    where
        lines.shipped_units > 0
        and lines.sale_date between first_day.first_date and run_context.as_of

),

received as (

    select receipts.*
    from receipts
    cross join first_day
    where receipts.supplier_id is not null and receipts.received_date >= first_day.first_date

),

-- what was asked for, by the day on which it was wanted
requests as (

    select
        {{ kpi_scope_columns() }},
        demand_date as activity_date,
        sum(requested_units) as requested_units,
        count(*) as request_lines,
        sum(requested_units) filter (filled_at_request_units is not null) as measured_units,
        sum(filled_at_request_units) as filled_units,
        count(filled_at_request_units) as measured_lines,
        count(*) filter (filled_at_request_units >= requested_units) as filled_lines,
        -- what was not there at the request and was waited for: it came later, or is still due
        sum(
            least(
                requested_units - filled_at_request_units,
                greatest(shipped_units - filled_at_request_units, 0) + backorder_units
            )
        ) as backordered_units
    from requested
    group by {{ kpi_grouping_sets('demand_date') }}

),

-- what left stock, by the day on which it left
sales as (

    select
        {{ kpi_scope_columns() }},
        sale_date as activity_date,
        sum(shipped_units) filter (is_counted) as sold_units,
        sum({{ amount('shipped_units', 'unit_cost') }}) filter (is_counted) as cogs,
        sum({{ amount('shipped_units', 'unit_cost') }}) filter (unit_price is not null) as priced_cogs,
        sum({{ amount('shipped_units', 'unit_price') }}) as revenue,
        count(*) as sale_lines,
        count(unit_price) as priced_lines
    from sold
    group by {{ kpi_grouping_sets('sale_date') }}

),

arrivals as (

    select
        {{ kpi_scope_columns(has_segment=false) }},
        received_date as activity_date,
        count(*) filter (is_expedited) as expedited_receipts,
        count(is_expedited) as measured_receipts
    from received
    group by {{ kpi_grouping_sets('received_date', has_segment=false) }}

),

flows as (

    select * from requests
    union all by name
    select * from sales
    union all by name
    select * from arrivals

)

select
    scope_type,
    scope_id,
    activity_date,
    sum(requested_units) as requested_units,
    sum(request_lines) as request_lines,
    sum(measured_units) as measured_units,
    sum(filled_units) as filled_units,
    sum(measured_lines) as measured_lines,
    sum(filled_lines) as filled_lines,
    sum(backordered_units) as backordered_units,
    sum(sold_units) as sold_units,
    sum(cogs) as cogs,
    sum(priced_cogs) as priced_cogs,
    sum(revenue) as revenue,
    sum(sale_lines) as sale_lines,
    sum(priced_lines) as priced_lines,
    sum(expedited_receipts) as expedited_receipts,
    sum(measured_receipts) as measured_receipts
from flows
group by scope_type, scope_id, activity_date
