with

source as (

    select * from {{ source('science', 'opt_out__demand_model') }}

),

typed as (

    select
        model_scope,
        parameter,
        parameter_value,
        fitted_date,
        method,
        status,
        reason_code
    from source

)

select * from typed
