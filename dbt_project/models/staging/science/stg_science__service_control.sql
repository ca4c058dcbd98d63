with

source as (

    select * from {{ source('science', 'opt_out__service_control') }}

),

typed as (

    select
        service_metric,
        target_band,
        model_scope,
        series_count,
        {{ units('demand_units') }} as demand_units,
        service_target,
        delivered_service,
        controlled_service,
        logit_shift,
        fitted_date,
        method,
        status,
        reason_code
    from source

)

select * from typed
