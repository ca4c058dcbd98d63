with

lead_times as (

    select * from {{ ref('stg_science__lead_time') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    lead_times.supplier_id,
    lead_times.location_id,
    suppliers.supplier_name,
    lead_times.sample_count,
    cast(lead_times.lead_time_days as double) as lead_time_days,
    cast(lead_times.lead_time_sd_days as double) as lead_time_sd_days,
    cast(lead_times.lead_time_p50_days as double) as lead_time_p50_days,
    cast(lead_times.lead_time_p80_days as double) as lead_time_p80_days,
    cast(lead_times.lead_time_p90_days as double) as lead_time_p90_days,
    lead_times.reason_code,
    lead_times.method,
    lead_times.status
from lead_times
cross join run_context
left join suppliers on lead_times.supplier_id = suppliers.supplier_id
