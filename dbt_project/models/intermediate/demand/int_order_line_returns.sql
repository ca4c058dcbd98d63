with

movements as (

    select * from {{ ref('stg_ims__stock_movement') }}

),

lines as (

    select * from {{ ref('stg_ims__demand_line') }}

),

returned as (

    select
        reference_id as order_id,
        item_id,
        location_id,
        sum(quantity_units) as returned_units
    from movements
    where movement_type = 'return' and reference_id is not null
    group by reference_id, item_id, location_id

),

-- goods come back to an order, not to a line of it: the first lines take them first, the last the rest
in_turn as (

    select
        lines.order_id,
        lines.line_id,
        lines.requested_units,
        returned.returned_units - sum(lines.requested_units) over by_line + lines.requested_units
            as left_units,
        row_number() over by_line = count(*) over by_order as is_last
    from lines
    inner join returned
        on
            lines.order_id = returned.order_id
            and lines.item_id = returned.item_id
            and lines.location_id = returned.location_id
    window
        by_order as (partition by lines.order_id, lines.item_id, lines.location_id),
        by_line as (
            partition by lines.order_id, lines.item_id, lines.location_id
            order by lines.line_id
        )

),

shared as (

    select
        order_id,
        line_id,
        {{ units('case when is_last then left_units else least(left_units, requested_units) end') }}
            as returned_units
    from in_turn
    where left_units > 0

)

select * from shared
