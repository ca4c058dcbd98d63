with

options as (

    select * from {{ ref('dim_config_option') }}

)

select
    option_id,
    option_family,
    option_name,
    lead_time_class,
    cast(option_price as double) as option_price,
    effective_from,
    effective_to,
    change_cutoff_milestone,
    cast(material_lead_days as double) as material_lead_days
from options
