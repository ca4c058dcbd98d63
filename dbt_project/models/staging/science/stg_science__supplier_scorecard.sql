with

source as (

    select * from {{ source('science', 'opt_out__supplier_scorecard') }}

),

typed as (

    select
        supplier_id,
        location_id,
        supply_line_count,
        due_line_count,
        closed_line_count,
        checked_order_count,
        {{ rate('late_share') }} as late_share,
        {{ rate('expected_late_share') }} as expected_late_share,
        {{ rate('recent_late_share') }} as recent_late_share,
        {{ rate('late_share_change') }} as late_share_change,
        {{ units('mean_lateness_days') }} as mean_lateness_days,
        {{ rate('short_share') }} as short_share,
        {{ rate('full_share') }} as full_share,
        {{ rate('zero_share') }} as zero_share,
        {{ rate('receipt_share') }} as receipt_share,
        {{ rate('receipt_share_sd') }} as receipt_share_sd,
        {{ rate('rejected_share') }} as rejected_share,
        {{ rate('expected_rejected_share') }} as expected_rejected_share,
        {{ units('promised_lead_time_days') }} as promised_lead_time_days,
        {{ units('lead_time_p50_days') }} as lead_time_p50_days,
        {{ units('lead_time_p90_days') }} as lead_time_p90_days,
        {{ rate('p90_coverage') }} as p90_coverage,
        method,
        status,
        reason_code
    from source

)

select * from typed
