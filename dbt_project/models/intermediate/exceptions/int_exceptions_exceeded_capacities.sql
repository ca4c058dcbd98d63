with

capacities as (

    select * from {{ ref('stg_science__network_row') }}

)

select
    'capacity_exceeded' as exception_type,
    'high' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    -- the price at which a capacity gives way is a setting of the plan, no money that anyone loses
    0 as value_at_risk,
    cast(null as decimal(18, 3)) as quantity_units,
    row_family || ' ' || row_key as reason_code,
    'The plan uses ' || {{ shown('row_use_after') }} || ' of ' || {{ shown('row_capacity') }} || ' of '
    || row_family || ' ' || row_key || '; ' || {{ shown('row_use_before') }}
    || ' were in use before anything was decided.' as detail,
    'Widen the capacity for the day, or take from the plan what may wait.' as suggested_action
from capacities
where row_slack > 0
