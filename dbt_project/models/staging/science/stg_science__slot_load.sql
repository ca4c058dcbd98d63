with

source as (

    select * from {{ source('science', 'opt_out__slot_load') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        plant_id,
        production_line_id,
        week_start_date,
        option_id,
        slot_units,
        used_units,
        left_units,
        freed_units,
        slot_price,
        is_frozen,
        is_binding
    from source

)

select * from chosen
