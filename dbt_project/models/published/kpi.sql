with

kpis as (

    select * from {{ ref('kpi_ageing_value') }}
    union all
    select * from {{ ref('kpi_availability_rate') }}
    union all
    select * from {{ ref('kpi_backorder_rate') }}
    union all
    select * from {{ ref('kpi_carrying_cost') }}
    union all
    select * from {{ ref('kpi_customer_satisfaction') }}
    union all
    select * from {{ ref('kpi_days_supply') }}
    union all
    select * from {{ ref('kpi_delivery_time') }}
    union all
    select * from {{ ref('kpi_expedite_rate') }}
    union all
    select * from {{ ref('kpi_fill_rate') }}
    union all
    select * from {{ ref('kpi_gmroi') }}
    union all
    select * from {{ ref('kpi_gross_margin') }}
    union all
    select * from {{ ref('kpi_inventory_cash') }}
    union all
    select * from {{ ref('kpi_inventory_investment') }}
    union all
    select * from {{ ref('kpi_obsolete_value') }}
    union all
    select * from {{ ref('kpi_order_completion') }}
    union all
    select * from {{ ref('kpi_roi') }}
    union all
    select * from {{ ref('kpi_stockout_rate') }}
    union all
    select * from {{ ref('kpi_stockouts') }}
    union all
    select * from {{ ref('kpi_turnover') }}
    union all
    select * from {{ ref('kpi_allocation_churn') }}
    union all
    select * from {{ ref('kpi_days_cover') }}
    union all
    select * from {{ ref('kpi_days_supply_forward') }}
    union all
    select * from {{ ref('kpi_excess_value') }}
    union all
    select * from {{ ref('kpi_forecast_error') }}
    union all
    select * from {{ ref('kpi_mto_cancellations') }}
    union all
    select * from {{ ref('kpi_mto_capital_efficiency') }}
    union all
    select * from {{ ref('kpi_mto_changes') }}
    union all
    select * from {{ ref('kpi_mto_completion') }}
    union all
    select * from {{ ref('kpi_mto_configuration_accuracy') }}
    union all
    select * from {{ ref('kpi_mto_cost_per_order') }}
    union all
    select * from {{ ref('kpi_mto_exceptions') }}
    union all
    select * from {{ ref('kpi_mto_lead_time_accuracy') }}
    union all
    select * from {{ ref('kpi_mto_margin') }}
    union all
    select * from {{ ref('kpi_mto_on_time') }}
    union all
    select * from {{ ref('kpi_mto_pricing_accuracy') }}
    union all
    select * from {{ ref('kpi_mto_quality') }}
    union all
    select * from {{ ref('kpi_policy_churn') }}
    union all
    select * from {{ ref('kpi_segment_use') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    kpis.kpi,
    kpis.scope_type,
    kpis.scope_id,
    kpis.period,
    kpis.window_days,
    kpis.period_end_date,
    round(kpis.numerator, 6) as numerator,
    round(kpis.denominator, 6) as denominator,
    round(kpis.value, 6) as value,
    kpis.n,
    kpis.basis,
    kpis.null_reason
from kpis
cross join run_context
