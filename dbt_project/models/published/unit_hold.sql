with

holds as (

    select * from {{ ref('fct_unit_holds') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    holds.hold_id,
    holds.unit_id,
    holds.hold_kind,
    holds.opened_date,
    holds.closed_date,
    cast(coalesce(holds.closed_date, run_context.as_of) - holds.opened_date as bigint) as held_days,
    holds.is_open,
    holds.is_repeated,
    holds.reference_id,
    holds.message,
    holds.item_id,
    holds.location_id,
    holds.region,
    holds.unit_status,
    -- whom to ask for the unit: the place where it stands, the transport, the customer, or nobody knows
    case
        when holds.unit_status = 'at_location' then 'location'
        when holds.unit_status in ('factory_to_port', 'port_to_dealer') then 'transport'
        when holds.unit_status = 'sold' then 'customer'
        else 'unknown'
    end as holder_kind,
    holds.stock_category,
    holds.order_id,
    holds.customer_id,
    holds.delivered_date
from holds
cross join run_context
