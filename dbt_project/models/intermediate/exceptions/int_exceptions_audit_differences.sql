with

audit_levels as (

    select * from {{ ref('fct_audit_level') }}

),

audit_valuations as (

    select * from {{ ref('fct_audit_valuation') }}

),

-- `short_value`: what a count finds too little, or the books have too much; negative the other way round
audited as (

    select
        'level' as audit_kind,
        item_id,
        location_id,
        difference_units,
        difference_value,
        -sign(difference_units) * difference_value as short_value,
        reason_code,
        detail
    from audit_levels
    where audit_status = 'difference'
    union all
    select
        'valuation' as audit_kind,
        item_id,
        location_id,
        difference_units,
        difference_value,
        found_value - system_value as short_value,
        reason_code,
        detail
    from audit_valuations
    where audit_status = 'difference'

),

-- What is short here and too much there is in the wrong place, not lost.
shared as (

    select
        *,
        greatest(sum(short_value) over by_item, 0)
        / nullif(sum(greatest(short_value, 0)) over by_item, 0) as lost_share
    from audited
    window by_item as (partition by audit_kind, item_id)

)

select
    'audit_difference' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    sum(greatest(short_value, 0) * coalesce(lost_share, 0)) as value_at_risk,
    sum(difference_units) as quantity_units,
    reason_code,
    min(detail) || case when count(*) > 1 then ' And ' || (count(*) - 1) || ' more.' else '' end
        as detail,
    'Count again, then correct the stock or the books.' as suggested_action
from shared
group by item_id, location_id, reason_code
having sum(difference_value) >= {{ var('audit_exception_value') }}
