with

source as (

    select * from {{ source('science', 'opt_out__forecast') }}

),

typed as (

    select
        item_id,
        location_id,
        horizon_weeks,
        bucket_start_date,
        {{ units('base_units') }} as base_units,
        {{ units('uplift_units') }} as uplift_units,
        {{ units('sensed_factor') }} as sensed_factor,
        {{ units('statistical_units') }} as statistical_units,
        {{ units('plan_units') }} as plan_units,
        {{ units('mean_units') }} as mean_units,
        {{ units('q50_units') }} as q50_units,
        {{ units('q80_units') }} as q80_units,
        {{ units('q90_units') }} as q90_units,
        {{ units('q95_units') }} as q95_units,
        method,
        status,
        reason_code
    from source

)

select * from typed
