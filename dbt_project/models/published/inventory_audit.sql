with

levels as (

    select * from {{ ref('fct_audit_level') }}

),

valuations as (

    select * from {{ ref('fct_audit_valuation') }}

),

conditions as (

    select * from {{ ref('fct_audit_condition') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

audits as (

    select * from levels
    union all
    select * from valuations
    union all
    select * from conditions

)

select
    run_context.as_of,
    audits.audit_kind,
    audits.item_id,
    audits.location_id,
    audits.unit_id,
    audits.audited_date,
    audits.audited_by,
    cast(audits.system_units as double) as system_units,
    cast(audits.found_units as double) as found_units,
    cast(audits.difference_units as double) as difference_units,
    cast(audits.tolerance_units as double) as tolerance_units,
    cast(audits.system_value as double) as system_value,
    cast(audits.found_value as double) as found_value,
    cast(audits.difference_value as double) as difference_value,
    audits.not_counted_share,
    audits.audit_status,
    audits.reason_code,
    audits.detail
from audits
cross join run_context
