with

drivers as (

    select * from {{ ref('stg_ims__external_driver') }}

),

scopes as (

    select * from {{ ref('int_scopes_named') }}

)

select
    drivers.driver,
    scopes.scope_level,
    drivers.scope,
    drivers.driver_date,
    drivers.published_date,
    cast(drivers.driver_value as double) as driver_value
from drivers
inner join scopes on drivers.scope = scopes.scope
