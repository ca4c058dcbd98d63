with

promises as (

    select * from {{ ref('stg_science__mto_promise') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    promises.order_id,
    promises.promise_number,
    promises.made_date,
    promises.promise_p50_date,
    promises.promise_p90_date,
    promises.promise_basis,
    promises.reason_code,
    promises.method,
    promises.status
from promises
cross join run_context
