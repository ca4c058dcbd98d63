with

audit_levels as (

    select * from {{ ref('fct_audit_level') }}

),

audit_valuations as (

    select * from {{ ref('fct_audit_valuation') }}

),

-- A unit that is counted too few here and too many there is in the wrong place, not lost.
lost as (

    select
        item_id,
        greatest(-sum(difference_units), 0) / nullif(sum(greatest(-difference_units, 0)), 0) as lost_share
    from audit_levels
    where audit_status = 'difference'
    group by item_id

),

audited as (

    select
        audit_levels.item_id,
        audit_levels.location_id,
        audit_levels.difference_units,
        audit_levels.difference_value,
        case
            when audit_levels.difference_units < 0
                then audit_levels.difference_value * coalesce(lost.lost_share, 0)
            else 0
        end as lost_value,
        audit_levels.reason_code,
        audit_levels.detail
    from audit_levels
    left join lost on audit_levels.item_id = lost.item_id
    where audit_levels.audit_status = 'difference'
    union all
    select
        item_id,
        location_id,
        difference_units,
        difference_value,
        difference_value as lost_value,
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
    sum(lost_value) as value_at_risk,
    sum(difference_units) as quantity_units,
    reason_code,
    min(detail) || case when count(*) > 1 then ' And ' || (count(*) - 1) || ' more.' else '' end
        as detail,
    'Count again, then correct the stock or the books.' as suggested_action
from audited
group by item_id, location_id, reason_code
having sum(difference_value) >= {{ var('audit_exception_value') }}
