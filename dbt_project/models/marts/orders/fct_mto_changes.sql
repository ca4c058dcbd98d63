with

changes as (

    select * from {{ ref('stg_ims__mto_change_request') }}

),

-- a change of an order that nobody knows changes nothing
orders as (

    select order_id from {{ ref('int_mto_orders_resolved') }}

)

select
    changes.change_id,
    changes.order_id,
    row_number() over (
        partition by changes.order_id
        order by changes.request_date, changes.change_id
    ) as change_number,
    changes.request_date,
    changes.requested_by,
    changes.change_status,
    changes.decided_date,
    changes.options,
    changes.new_requested_date,
    changes.price_delta,
    -- of the approved changes of the configuration the newest is what the customer has agreed to
    changes.change_status = 'approved'
    and changes.options is not null
    and row_number() over (
        partition by changes.order_id, changes.change_status, changes.options is not null
        order by
            coalesce(changes.decided_date, changes.request_date) desc,
            changes.request_date desc,
            changes.change_id desc
    ) = 1 as is_last_approved
from changes
inner join orders on changes.order_id = orders.order_id
