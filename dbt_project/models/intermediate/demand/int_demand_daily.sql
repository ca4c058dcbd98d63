with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

daily as (

    select
        lines.item_id,
        lines.location_id,
        lines.demand_date,
        {{ units('sum(lines.requested_units)') }} as demand_units,
        {{ units('sum(lines.shipped_units)') }} as sold_units,
        count(*) as line_count
    from lines
    cross join run_context
    where
        lines.is_demand
        and lines.demand_date between run_context.history_start_date and run_context.as_of
    group by lines.item_id, lines.location_id, lines.demand_date

)

select * from daily
