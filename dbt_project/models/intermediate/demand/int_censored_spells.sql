with

spells as (

    select * from {{ ref('int_stock_spells') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- since when demand of the item is inferred from stock that vanished; before that, or where nothing
-- is inferred, requests are recorded with what was there when they were made
recorded_items as (

    select
        item_id,
        min(demand_date) filter (basis = 'inferred') as inferred_from
    from {{ ref('int_demand_lines_resolved') }}
    group by item_id
    having count(*) filter (filled_at_request_units is not null and basis = 'recorded') > 0

),

successors as (

    select * from {{ ref('int_item_successors') }}

),

lost_requests_recorded as (

    select coalesce(bool_or(is_present), false) as is_recorded
    from {{ ref('stg_ims__source_presence') }}
    where table_name = 'demand_line' and column_name = 'is_lost_sale'

),

-- A day is censored when stock was gone at its end or at its beginning: the day on which stock
-- came back counts, the day after it does not. A stock-out hides nothing where the source records
-- requests and these wait, or where it records the lost ones too.
empty_spells as (

    select
        spells.item_id,
        spells.location_id,
        item_locations.is_ranged,
        greatest(
            spells.valid_from,
            run_context.history_start_date,
            case
                when
                    recorded_items.item_id is not null
                    and (
                        lost_requests_recorded.is_recorded
                        or item_locations.stockout_behaviour = 'backorder'
                    )
                    then coalesce(recorded_items.inferred_from, run_context.as_of + 2)
                else spells.valid_from
            end
        ) as censored_from,
        least(spells.valid_to + 1, run_context.as_of) as censored_to
    from spells
    cross join run_context
    cross join lost_requests_recorded
    inner join item_locations
        on
            spells.item_id = item_locations.item_id
            and spells.location_id = item_locations.location_id
    left join recorded_items on spells.item_id = recorded_items.item_id
    where
        spells.on_hand_units = 0
        and (item_locations.is_ranged or spells.item_id in (select successors.item_id from successors))
        -- where part of the requests are met from supply on its way, sales go on while the shelf is
        -- empty: taking those days for unknown would throw away most of what was really asked for
        and item_locations.stockout_behaviour <> 'mixed'
        and spells.valid_to >= run_context.history_start_date

),

-- the stock-outs of a superseded item hid its successor's demand until it was replaced
attached as (

    select
        item_id,
        location_id,
        censored_from,
        censored_to
    from empty_spells
    where is_ranged
    union all
    select
        successors.successor_item_id as item_id,
        empty_spells.location_id,
        empty_spells.censored_from,
        least(empty_spells.censored_to, successors.replaced_from - 1) as censored_to
    from empty_spells
    inner join successors
        on
            empty_spells.item_id = successors.item_id
            and empty_spells.location_id = successors.location_id

),

-- spells that touch or overlap: the later one starts after all that came before it
apart as (

    select
        item_id,
        location_id,
        greatest(
            censored_from,
            coalesce(
                max(censored_to) over (
                    partition by item_id, location_id
                    order by censored_from, censored_to
                    rows between unbounded preceding and 1 preceding
                ) + 1,
                censored_from
            )
        ) as censored_from,
        censored_to
    from attached
    where censored_from <= censored_to

)

select * from apart
where censored_from <= censored_to
