with recursive

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- items counted unit by unit are aged unit by unit
unit_items as (

    select distinct item_id from {{ ref('stg_ims__unit') }}

),

stock as (

    select
        positions.item_id,
        positions.location_id,
        positions.owned_units
    from {{ ref('int_stock_positions') }} as positions
    anti join unit_items on positions.item_id = unit_items.item_id
    where positions.owned_units > 0

),

movements as (

    select
        movements.movement_id,
        movements.movement_date,
        movements.item_id,
        movements.location_id,
        movements.movement_type,
        movements.quantity_units,
        movements.reference_id,
        movements.counterpart_location_id
    from {{ ref('stg_ims__stock_movement') }} as movements
    anti join unit_items on movements.item_id = unit_items.item_id

),

-- first in, first out: lay everything that came in on one line, in order, and everything that
-- went out on another. What went out at [a, b) is what came in at [a, b).
arrivals as materialized (

    select
        item_id,
        location_id,
        movement_date,
        movement_type,
        reference_id,
        counterpart_location_id,
        -- a count that finds more joins the layer that arrived before it
        case
            when movement_type = 'adjustment'
                then coalesce(
                    last_value(case when movement_type <> 'adjustment' then movement_date end ignore nulls)
                        over (
                            partition by item_id, location_id
                            order by movement_date, movement_id
                            rows between unbounded preceding and 1 preceding
                        ),
                    movement_date
                )
            else movement_date
        end as arrived_date,
        sum(quantity_units) over by_arrival - quantity_units as line_from,
        sum(quantity_units) over by_arrival as line_to,
        row_number() over (
            partition by item_id, location_id, reference_id, counterpart_location_id
            order by movement_date, movement_id
        ) as leg
    from movements
    where quantity_units > 0
    window by_arrival as (
        partition by item_id, location_id
        order by movement_date, movement_id
    )

),

senders as (

    select distinct
        item_id,
        location_id
    from movements
    where movement_type = 'transfer_out'

),

departures as (

    select
        movements.item_id,
        movements.location_id,
        movements.movement_type,
        movements.reference_id,
        movements.counterpart_location_id,
        sum(-movements.quantity_units) over by_departure + movements.quantity_units as line_from,
        sum(-movements.quantity_units) over by_departure as line_to,
        row_number() over (
            partition by
                movements.item_id,
                movements.location_id,
                movements.movement_type,
                movements.reference_id,
                movements.counterpart_location_id
            order by movements.movement_date, movements.movement_id
        ) as leg
    from movements
    semi join senders
        on movements.item_id = senders.item_id and movements.location_id = senders.location_id
    where movements.quantity_units < 0
    window by_departure as (
        partition by movements.item_id, movements.location_id
        order by movements.movement_date, movements.movement_id
    )

),

transfers_out as materialized (

    select * from departures
    where movement_type = 'transfer_out'

),

totals as (

    select
        item_id,
        location_id,
        max(line_to) as arrived_units
    from arrivals
    group by item_id, location_id

),

-- what is on hand is the last that came in
remaining as materialized (

    select
        arrivals.item_id,
        arrivals.location_id,
        arrivals.movement_date as location_received_date,
        arrivals.line_from as layer_id,
        arrivals.movement_type,
        arrivals.reference_id,
        arrivals.counterpart_location_id,
        arrivals.leg,
        arrivals.arrived_date,
        greatest(arrivals.line_from, totals.arrived_units - stock.owned_units) - arrivals.line_from
            as offset_from,
        arrivals.line_to - arrivals.line_from as offset_to
    from arrivals
    inner join totals
        on arrivals.item_id = totals.item_id and arrivals.location_id = totals.location_id
    inner join stock
        on arrivals.item_id = stock.item_id and arrivals.location_id = stock.location_id
    where arrivals.line_to > totals.arrived_units - stock.owned_units

),

-- follow what came by transfer to the location that sent it, and on, until it is found arriving
-- from outside the network; five transfers back is far enough
traced as (

    select
        item_id,
        location_id,
        layer_id,
        movement_type,
        reference_id,
        location_id as held_at,
        counterpart_location_id,
        leg,
        arrived_date,
        offset_from,
        offset_to,
        0 as hops
    from remaining

    union all

    select
        traced.item_id,
        traced.location_id,
        traced.layer_id,
        arrivals.movement_type,
        arrivals.reference_id,
        arrivals.location_id as held_at,
        arrivals.counterpart_location_id,
        arrivals.leg,
        arrivals.arrived_date,
        greatest(transfers_out.line_from + traced.offset_from, arrivals.line_from) - arrivals.line_from
            as offset_from,
        least(transfers_out.line_from + traced.offset_to, transfers_out.line_to, arrivals.line_to)
        - arrivals.line_from as offset_to,
        traced.hops + 1 as hops
    from traced
    inner join transfers_out
        on
            traced.item_id = transfers_out.item_id
            and traced.counterpart_location_id = transfers_out.location_id
            and traced.held_at = transfers_out.counterpart_location_id
            and traced.reference_id = transfers_out.reference_id
            and traced.leg = transfers_out.leg
    inner join arrivals
        on
            transfers_out.item_id = arrivals.item_id
            and transfers_out.location_id = arrivals.location_id
            and arrivals.line_from
            < least(transfers_out.line_from + traced.offset_to, transfers_out.line_to)
            and arrivals.line_to > transfers_out.line_from + traced.offset_from
    where traced.movement_type = 'transfer_in' and traced.hops < 5

),

found as (

    select
        item_id,
        location_id,
        layer_id,
        arrived_date,
        movement_type = 'opening' as is_opening,
        offset_to - offset_from as layer_units
    from traced
    where movement_type <> 'transfer_in' and offset_to > offset_from

),

found_units as (

    select
        item_id,
        location_id,
        layer_id,
        sum(layer_units) as found_units
    from found
    group by item_id, location_id, layer_id

),

layers as (

    select
        found.item_id,
        found.location_id,
        found.arrived_date as network_received_date,
        remaining.location_received_date,
        found.layer_units,
        case when found.is_opening then 'at_least' else 'exact' end as age_basis
    from found
    inner join remaining
        on
            found.item_id = remaining.item_id
            and found.location_id = remaining.location_id
            and found.layer_id = remaining.layer_id

    union all

    -- a transfer whose origin cannot be found is at least as old as its arrival here
    select
        remaining.item_id,
        remaining.location_id,
        remaining.arrived_date as network_received_date,
        remaining.location_received_date,
        remaining.offset_to - remaining.offset_from - coalesce(found_units.found_units, 0) as layer_units,
        'at_least' as age_basis
    from remaining
    left join found_units
        on
            remaining.item_id = found_units.item_id
            and remaining.location_id = found_units.location_id
            and remaining.layer_id = found_units.layer_id
    where remaining.offset_to - remaining.offset_from > coalesce(found_units.found_units, 0)

    union all

    -- stock beyond everything that is known to have come in
    select
        stock.item_id,
        stock.location_id,
        cast(null as date) as network_received_date,
        cast(null as date) as location_received_date,
        stock.owned_units - coalesce(totals.arrived_units, 0) as layer_units,
        'unknown' as age_basis
    from stock
    left join totals
        on stock.item_id = totals.item_id and stock.location_id = totals.location_id
    where stock.owned_units > coalesce(totals.arrived_units, 0)

),

grouped as (

    select
        layers.item_id,
        layers.location_id,
        layers.network_received_date,
        layers.location_received_date,
        layers.age_basis,
        {{ units('sum(layers.layer_units)') }} as layer_units
    from layers
    group by
        layers.item_id,
        layers.location_id,
        layers.network_received_date,
        layers.location_received_date,
        layers.age_basis

)

select
    grouped.item_id,
    grouped.location_id,
    grouped.network_received_date,
    grouped.location_received_date,
    grouped.age_basis,
    grouped.layer_units,
    run_context.as_of - grouped.network_received_date as age_days,
    run_context.as_of - grouped.location_received_date as location_age_days
from grouped
cross join run_context
