with

units as (

    select * from {{ ref('fct_units') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

aged as (

    select
        units.unit_id,
        units.item_id,
        units.location_id,
        units.category,
        units.network_received_date,
        run_context.as_of - units.network_received_date as age_days,
        run_context.as_of - units.location_received_date as location_age_days,
        units.unit_cost
    from units
    cross join run_context
    where units.unit_status = 'at_location'

)

select
    unit_id,
    item_id,
    location_id,
    category,
    network_received_date,
    cast(age_days as bigint) as age_days,
    cast(location_age_days as bigint) as location_age_days,
    {{ ageing_bucket('age_days') }} as age_bucket,
    unit_cost
from aged
