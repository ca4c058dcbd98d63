with

source as (

    select * from {{ source('science', 'opt_out__annual_plan_price') }}

),

-- numbers stay as they were written
chosen as (

    select
        month_start_date,
        resource,
        resource_scope,
        is_binding,
        method,
        status,
        resource_limit,
        resource_use,
        shadow_price,
        null_reason
    from source

)

select * from chosen
