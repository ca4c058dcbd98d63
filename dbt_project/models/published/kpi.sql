with

kpis as (

    select * from {{ ref('kpi_ageing_value') }}
    union all
    select * from {{ ref('kpi_carrying_cost') }}
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
    select * from {{ ref('kpi_inventory_investment') }}
    union all
    select * from {{ ref('kpi_stockout_rate') }}
    union all
    select * from {{ ref('kpi_turnover') }}

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
    round(kpis.numerator, 4) as numerator,
    round(kpis.denominator, 4) as denominator,
    round(kpis.value, 6) as value,
    kpis.n,
    kpis.basis,
    kpis.null_reason
from kpis
cross join run_context
