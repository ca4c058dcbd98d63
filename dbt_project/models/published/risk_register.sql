with

kinds as (

    select * from {{ ref('int_risk_kinds') }}

),

measured as (

    select * from {{ ref('int_risks_measured') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    kinds.risk_id,
    kinds.risk,
    kinds.area,
    kinds.formula,
    round(measured.value, 6) as value,
    kinds.unit,
    kinds.high_threshold as threshold,
    kinds.medium_threshold,
    case
        when measured.value >= kinds.high_threshold then 'high'
        when measured.value >= kinds.medium_threshold then 'medium'
        when measured.value is not null then 'low'
    end as level,
    case when measured.value is not null then round(measured.value_at_risk, 4) end as value_at_risk,
    coalesce(measured.observation_count, 0) as n,
    kinds.driver_kind,
    measured.top_driver,
    kinds.mitigation,
    kinds.owner_role,
    kinds.evidence_table,
    case when measured.value is null then kinds.missing_reason end as null_reason
from kinds
cross join run_context
left join measured on kinds.risk_id = measured.risk_id
