with

answers as (

    select * from {{ ref('stg_ims__factory_acknowledgement') }}

)

select
    message_id,
    acknowledged_at,
    is_accepted,
    message
from answers
