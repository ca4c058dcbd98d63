with

audit_levels as (

    select * from {{ ref('fct_audit_level') }}

),

audit_valuations as (

    select * from {{ ref('fct_audit_valuation') }}

),

audited as (

    select
        item_id,
        location_id,
        difference_units,
        difference_value,
        reason_code,
        detail
    from audit_levels
    where audit_status = 'difference'
    union all
    select
        item_id,
        location_id,
        difference_units,
        difference_value,
        reason_code,
        detail
    from audit_valuations
    where audit_status = 'difference'

)

select
    'audit_difference' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    sum(difference_value) as value_at_risk,
    sum(difference_units) as quantity_units,
    reason_code,
    min(detail) || case when count(*) > 1 then ' And ' || (count(*) - 1) || ' more.' else '' end
        as detail,
    'Count again, then correct the stock or the books.' as suggested_action
from audited
group by item_id, location_id, reason_code
having sum(difference_value) >= {{ var('audit_exception_value') }}
