with

exceptions as (

    select * from {{ ref('int_exceptions_judged') }}

)

select
    as_of,
    row_number() over (
        order by
            case attention when 'look' then 1 when 'watch' then 2 else 3 end asc,
            value_at_risk desc,
            exception_id asc
    ) as exception_rank,
    exception_id,
    exception_type,
    severity,
    item_id,
    location_id,
    cast(value_at_risk as double) as value_at_risk,
    cast(counted_value_at_risk as double) as counted_value_at_risk,
    cast(quantity_units as double) as quantity_units,
    reason_code,
    detail,
    suggested_action,
    attention,
    attention_rule,
    exception_status,
    first_seen_date,
    date_diff('day', first_seen_date, as_of) as days_open,
    owner_role,
    cause_id
from exceptions
