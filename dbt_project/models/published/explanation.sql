with

explanations as (

    select * from {{ ref('stg_science__explanation') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    explanations.explanation_id,
    explanations.decision_kind,
    explanations.decision_rank,
    explanations.item_id,
    items.description as item_description,
    items.item_kind,
    explanations.location_id,
    cast(explanations.decision_units as double) as decision_units,
    cast(explanations.destination_value as double) as destination_value,
    cast(explanations.policy_value as double) as policy_value,
    cast(explanations.source_value as double) as source_value,
    cast(explanations.transfer_cost as double) as transfer_cost,
    cast(explanations.scarcity_charge as double) as scarcity_charge,
    cast(explanations.net_gain as double) as net_gain,
    explanations.detail,
    explanations.reason_code,
    explanations.method,
    explanations.status,
    explanations.from_location_id,
    explanations.decision_id,
    explanations.binding_row
from explanations
cross join run_context
inner join items on explanations.item_id = items.item_id
