with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'stockout_incidents',
        numerator="measures.stockout_incidents",
        n="measures.ranged_item_location_days",
        basis="'times that ranged stock fell to zero'",
        null_reason="'no_stock_history'"
    ) }}
from measures
where measures.scope_type <> 'segment'

union all

select
    {{ kpi_row(
        'stockout_rate_demand_weighted',
        numerator="measures.empty_demand_days",
        denominator="measures.ranged_demand_days",
        n="measures.ranged_item_location_days",
        basis="'ranged selling days, each weighted by its demand'",
        null_reason="case when measures.stock_days is null then 'no_stock_history' else 'no_demand' end"
    ) }}
from measures
where measures.scope_type <> 'segment'
