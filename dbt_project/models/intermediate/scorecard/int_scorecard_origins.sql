with

presence as (

    select * from {{ ref('stg_ims__source_presence') }}

),

-- the columns of the source that a trend rests on: what was generated or defaulted proves none
rests_on as (

    select
        named.check_number,
        named.table_name,
        named.column_name
    from (
        values
        (13, 'demand_line', 'requested_units'),
        (13, 'demand_line', 'filled_at_request_units'),
        (13, 'stock_movement', 'quantity_units'),
        (13, 'item', 'unit_cost'),
        (14, 'demand_line', 'requested_units'),
        (14, 'demand_line', 'filled_at_request_units'),
        (14, 'stock_movement', 'quantity_units'),
        (14, 'receipt', 'is_expedited'),
        (15, 'demand_line', 'requested_units'),
        (15, 'stock_on_hand', 'on_hand_units'),
        (15, 'item', 'unit_cost')
    ) as named (check_number, table_name, column_name)

)

select
    cast(rests_on.check_number as integer) as check_number,
    string_agg(
        rests_on.table_name || '.' || rests_on.column_name, ', '
        order by rests_on.table_name, rests_on.column_name
    ) filter (
        list_contains(string_split(presence.unproven_columns, '|'), rests_on.column_name)
    ) as unproven
from rests_on
left join presence on rests_on.table_name = presence.table_name and presence.column_name = '*'
group by rests_on.check_number
