with

source as (

    select * from {{ source('science', 'opt_out__demand_plan_approval') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        plan_version,
        plan_status,
        is_approved,
        decision_source,
        content_hash,
        first_bucket_date,
        last_bucket_date,
        plan_rows,
        planned_units,
        reason_code,
        submitted_by,
        approved_by,
        approved_date,
        comment
    from source

)

select * from chosen
