with

scorecards as (

    select * from {{ ref('stg_science__supplier_scorecard') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    scorecards.supplier_id,
    scorecards.location_id,
    suppliers.supplier_name,
    scorecards.supply_line_count,
    scorecards.due_line_count,
    scorecards.closed_line_count,
    scorecards.checked_order_count,
    cast(scorecards.late_share as double) as late_share,
    cast(scorecards.expected_late_share as double) as expected_late_share,
    cast(scorecards.recent_late_share as double) as recent_late_share,
    cast(scorecards.late_share_change as double) as late_share_change,
    cast(scorecards.mean_lateness_days as double) as mean_lateness_days,
    cast(scorecards.short_share as double) as short_share,
    cast(scorecards.full_share as double) as full_share,
    cast(scorecards.zero_share as double) as zero_share,
    cast(scorecards.receipt_share as double) as receipt_share,
    cast(scorecards.receipt_share_sd as double) as receipt_share_sd,
    cast(scorecards.rejected_share as double) as rejected_share,
    cast(scorecards.expected_rejected_share as double) as expected_rejected_share,
    cast(scorecards.promised_lead_time_days as double) as promised_lead_time_days,
    cast(scorecards.lead_time_p50_days as double) as lead_time_p50_days,
    cast(scorecards.lead_time_p90_days as double) as lead_time_p90_days,
    cast(scorecards.p90_coverage as double) as p90_coverage,
    scorecards.reason_code,
    scorecards.method,
    scorecards.status
from scorecards
cross join run_context
left join suppliers on scorecards.supplier_id = suppliers.supplier_id
