with

source as (

    select * from {{ source('science', 'opt_out__demand_class') }}

),

typed as (

    select
        item_id,
        location_id,
        demand_class,
        history_weeks,
        method,
        status,
        {{ rate('adi_weeks') }} as adi_weeks,
        {{ rate('cv2') }} as cv2,
        reason_code
    from source

)

select * from typed
