with

source as (

    select * from {{ source('science', 'opt_out__policy_proof') }}

),

chosen as (

    select
        item_id,
        location_id,
        recomputed_reorder_point_units,
        recomputed_order_up_to_units,
        is_recomputed_equal
    from source

)

select * from chosen
