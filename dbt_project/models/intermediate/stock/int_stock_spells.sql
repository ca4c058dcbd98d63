with

movements as (

    select * from {{ ref('stg_ims__stock_movement') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

net_by_day as (

    select
        item_id,
        location_id,
        movement_date,
        sum(quantity_units) as net_units
    from movements
    group by item_id, location_id, movement_date

),

balances as (

    select
        item_id,
        location_id,
        movement_date,
        net_units,
        sum(net_units) over by_day as balance_units,
        row_number() over by_day = 1 as is_first,
        lead(movement_date) over by_day as next_movement_date
    from net_by_day
    window by_day as (
        partition by item_id, location_id
        order by movement_date
    )

),

spells as (

    select
        balances.item_id,
        balances.location_id,
        balances.movement_date as valid_from,
        coalesce(balances.next_movement_date - 1, run_context.as_of) as valid_to,
        {{ units('balances.balance_units') }} as balance_units,
        {{ units('greatest(balances.balance_units, 0)') }} as on_hand_units,
        {{ units('greatest(balances.balance_units - balances.net_units, 0)') }} as previous_units,
        balances.is_first
    from balances
    cross join run_context

)

select * from spells
