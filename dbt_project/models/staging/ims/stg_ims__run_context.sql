with

source as (

    select * from {{ source('ims', 'run_context') }}

),

typed as (

    select
        as_of,
        history_start_date,
        kpi_windows_days,
        {{ rate('default_service_target') }} as default_service_target,
        default_service_metric,
        {{ rate('default_holding_rate') }} as default_holding_rate,
        {{ rate('default_shortage_share') }} as default_shortage_share,
        {{ money('default_order_cost') }} as default_order_cost,
        default_review_days,
        {{ units('default_lead_time_days') }} as default_lead_time_days,
        cast(overdue_trust_days as integer) as overdue_trust_days,
        {{ money('auto_approve_value') }} as auto_approve_value,
        snapshot_id
    from source

)

select * from typed
