with

source as (

    select * from {{ source('science', 'opt_out__mix_target') }}

),

typed as (

    select
        mix_level,
        location_id,
        model,
        item_id,
        {{ rate('mix_share') }} as mix_share,
        {{ units('mean_units') }} as mean_units,
        {{ units('target_units') }} as target_units,
        {{ units('on_hand_units') }} as on_hand_units,
        {{ units('inventory_position_units') }} as inventory_position_units,
        {{ units('gap_units') }} as gap_units,
        method,
        status,
        reason_code
    from source

)

select * from typed
