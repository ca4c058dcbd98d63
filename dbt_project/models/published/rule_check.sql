with

checks as (

    select * from {{ ref('stg_science__rule_check') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    checks.market,
    checks.model,
    checks.from_date,
    checks.rule_check_kind,
    checks.option_id,
    checks.message,
    checks.reason_code,
    checks.conflicting_rules
from checks
cross join run_context
