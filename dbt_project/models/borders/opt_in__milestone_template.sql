with

templates as (

    select * from {{ ref('stg_ims__milestone_template') }}

)

select
    milestone_code,
    milestone_number,
    milestone_step,
    milestone_name,
    is_progress,
    cast(planned_days as double) as planned_days
from templates
