with

relations as (

    select * from {{ ref('stg_ims__item_relation') }}

)

select
    from_item_id,
    to_item_id,
    relation_type,
    effective_from,
    cast(ratio as double) as ratio,
    is_two_way
from relations
