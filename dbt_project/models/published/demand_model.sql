with

parameters as (

    select * from {{ ref('stg_science__demand_model') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    parameters.model_scope,
    parameters.parameter,
    parameters.parameter_value,
    parameters.fitted_date,
    parameters.reason_code,
    parameters.method,
    parameters.status
from parameters
cross join run_context
