with

lead_times as (

    select * from {{ ref('stg_science__lead_time') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

scorecards as (

    select * from {{ ref('stg_science__supplier_scorecard') }}

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
    lead_times.open_order_count,
    cast(lead_times.lead_time_days as double) as lead_time_days,
    cast(lead_times.lead_time_sd_days as double) as lead_time_sd_days,
    cast(lead_times.lead_time_p10_days as double) as lead_time_p10_days,
    cast(lead_times.lead_time_p50_days as double) as lead_time_p50_days,
    cast(lead_times.lead_time_p80_days as double) as lead_time_p80_days,
    cast(lead_times.lead_time_p90_days as double) as lead_time_p90_days,
    cast(lead_times.lead_time_p95_days as double) as lead_time_p95_days,
    cast(scorecards.expected_late_share as double) as expected_late_share,
    cast(scorecards.receipt_share as double) as receipt_share,
    cast(scorecards.receipt_share_sd as double) as receipt_share_sd,
    cast(scorecards.expected_rejected_share as double) as expected_rejected_share,
    lead_times.reason_code,
    lead_times.method,
    lead_times.status
from lead_times
cross join run_context
left join suppliers on lead_times.supplier_id = suppliers.supplier_id
left join scorecards
    on
        lead_times.supplier_id = scorecards.supplier_id
        and lead_times.location_id = scorecards.location_id
