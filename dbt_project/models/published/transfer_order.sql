with

transfers as (

    select * from {{ ref('stg_science__transfer_order') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    transfers.transfer_order_id,
    transfers.item_id,
    items.description as item_description,
    transfers.from_location_id,
    transfers.to_location_id,
    cast(transfers.transfer_units as double) as transfer_units,
    transfers.release_date,
    transfers.need_date,
    cast(transfers.transfer_cost as double) as transfer_cost,
    cast(transfers.destination_value as double) as destination_value,
    cast(transfers.policy_value as double) as policy_value,
    cast(transfers.source_value as double) as source_value,
    cast(transfers.net_gain as double) as net_gain,
    cast(transfers.scarcity_charge as double) as scarcity_charge,
    transfers.reason_code,
    transfers.method,
    transfers.status,
    transfers.binding_row
from transfers
cross join run_context
inner join items on transfers.item_id = items.item_id
