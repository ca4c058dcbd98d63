with

changes as (

    select * from {{ ref('fct_mto_changes') }}

),

orders as (

    select order_id from {{ ref('fct_mto_orders') }}
    where is_in_history

)

select
    changes.change_id,
    changes.order_id,
    changes.request_date,
    changes.requested_by,
    changes.change_status,
    changes.options,
    changes.new_requested_date,
    changes.decided_date,
    cast(changes.price_delta as double) as price_delta
from changes
inner join orders on changes.order_id = orders.order_id
