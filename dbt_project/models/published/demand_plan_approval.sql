with

versions as (

    select * from {{ ref('stg_science__demand_plan_approval') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    versions.plan_version,
    versions.plan_status,
    versions.is_approved,
    versions.decision_source,
    versions.content_hash,
    versions.first_bucket_date,
    versions.last_bucket_date,
    versions.plan_rows,
    versions.planned_units,
    versions.reason_code,
    versions.submitted_by,
    versions.approved_by,
    versions.approved_date,
    versions.comment
from versions
cross join run_context
