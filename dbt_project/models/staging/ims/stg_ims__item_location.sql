with

source as (

    select * from {{ source('ims', 'item_location') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.item_id,
        source.location_id,
        source.is_ranged,
        source.stockout_behaviour,
        source.loaded_at,
        {{ units('source.current_min_units') }} as current_min_units,
        {{ units('source.current_max_units') }} as current_max_units,
        coalesce({{ units('source.display_min_units') }}, 0) as display_min_units,
        {{ rate('source.holding_rate') }} as holding_rate,
        {{ money('source.shortage_cost') }} as shortage_cost,
        {{ rate('source.service_target') }} as service_target,
        source.service_metric,
        source.review_days
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
