with

holds as (

    select * from {{ ref('fct_unit_holds') }}

)

select
    hold_id,
    unit_id,
    hold_kind,
    opened_date,
    closed_date,
    reference_id,
    message
from holds
-- a second open hold of the same kind holds nothing that is not held already
where not is_repeated
