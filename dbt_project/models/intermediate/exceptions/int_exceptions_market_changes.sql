with

changes as (

    select * from {{ ref('int_market_changes') }}

)

select
    'market_change' as exception_type,
    'medium' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    value_at_risk,
    changed_units as quantity_units,
    measure || ' ' || region || ' ' || market_segment as reason_code,
    case when measure = 'own_share' then 'Our share of ' else 'Registrations against a year ago of ' end
    || market_segment || ' in ' || region
    || case when is_rising then ' rose from ' else ' fell from ' end
    || {{ shown('round(100 * reference_value, 1)') }} || ' % to '
    || {{ shown('round(100 * value_since, 1)') }} || ' % since ' || changed_from_date || '.' as detail,
    'Read market_position; set forecast, prices and the plan for this market by what changed.'
        as suggested_action
from changes
-- wholes would tell the changes of their parts again
where is_changed and region <> '*' and market_segment <> '*'
