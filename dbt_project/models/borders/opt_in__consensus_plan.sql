with

plans as (

    select * from {{ ref('stg_ims__consensus_plan') }}

),

scopes as (

    select * from {{ ref('int_scopes_named') }}

),

location_scopes as (

    select * from {{ ref('int_location_scopes_named') }}

)

select
    plans.plan_version,
    scopes.scope_level,
    plans.scope,
    location_scopes.location_scope_level,
    plans.location_scope,
    plans.month_start_date as bucket_start_date,
    last_day(plans.month_start_date) as bucket_end_date,
    cast(plans.planned_units as double) as planned_units,
    plans.plan_status,
    plans.plan_status = 'approved' as is_approved,
    case when plans.plan_status = 'approved' then plans.approved_date end as approved_date,
    plans.submitted_by,
    plans.approved_by
from plans
inner join scopes on plans.scope = scopes.scope
inner join location_scopes on plans.location_scope = location_scopes.location_scope
