with

suppliers as (

    select * from {{ ref('stg_ims__supplier') }}

)

select
    supplier_id,
    supplier_name,
    country,
    min_order_value
from suppliers
