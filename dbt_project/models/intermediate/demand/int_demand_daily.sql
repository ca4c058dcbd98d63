with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

successors as (

    select * from {{ ref('int_item_successors') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- requests net of what came back, on the item that has the demand now
cleaned as (

    select
        coalesce(successors.successor_item_id, lines.item_id) as item_id,
        lines.location_id,
        lines.demand_date,
        successors.ratio,
        lines.requested_units - lines.returned_units as demand_units,
        lines.shipped_units - lines.returned_units as sold_units,
        lines.returned_units,
        lines.clipped_return_units
    from lines
    cross join run_context
    left join successors
        on
            lines.item_id = successors.item_id
            and lines.location_id = successors.location_id
    where
        lines.is_demand
        and lines.demand_stream = 'base'
        and lines.demand_date between run_context.history_start_date and run_context.as_of

),

daily as (

    select
        item_id,
        location_id,
        demand_date,
        {{ units('sum(' ~ scaled('demand_units', 'ratio') ~ ')') }} as demand_units,
        {{ units('sum(' ~ scaled('sold_units', 'ratio') ~ ')') }} as sold_units,
        {{ units('sum(' ~ scaled('returned_units', 'ratio') ~ ')') }} as returned_units,
        {{ units('sum(' ~ scaled('clipped_return_units', 'ratio') ~ ')') }} as clipped_return_units,
        count(*) as line_count
    from cleaned
    group by item_id, location_id, demand_date

)

select * from daily
