{{ config(tags=['marts'], meta={'dagster': {'ref': {'name': 'fct_inventory_position'}}}) }}

-- Nothing that the marts count happened after the business date.
with

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

latest as (

    select
        'stg_ims__stock_movement' as model,
        max(movement_date) as latest_date
    from {{ ref('stg_ims__stock_movement') }}
    union all
    select
        'stg_ims__receipt' as model,
        max(received_date) as latest_date
    from {{ ref('stg_ims__receipt') }}
    union all
    select
        'stg_ims__demand_line' as model,
        max(greatest(order_date, shipped_date, delivered_date, cancelled_date)) as latest_date
    from {{ ref('stg_ims__demand_line') }}
    union all
    select
        'stg_ims__mto_order' as model,
        max(greatest(order_date, confirmed_date, delivered_date, cancelled_date)) as latest_date
    from {{ ref('stg_ims__mto_order') }}
    union all
    select
        'stg_ims__mto_milestone' as model,
        max(cast(event_at as date)) as latest_date
    from {{ ref('stg_ims__mto_milestone') }}
    union all
    select
        'stg_ims__customer_request' as model,
        max(greatest(request_date, outcome_date)) as latest_date
    from {{ ref('stg_ims__customer_request') }}
    union all
    select
        'stg_ims__unit_hold' as model,
        max(greatest(opened_date, closed_date)) as latest_date
    from {{ ref('stg_ims__unit_hold') }}
    union all
    select
        'stg_ims__stock_on_hand' as model,
        max(cast(loaded_at as date)) as latest_date
    from {{ ref('stg_ims__stock_on_hand') }}

)

select
    latest.model,
    latest.latest_date,
    run_context.as_of
from latest
cross join run_context
where latest.latest_date > run_context.as_of
