with

measures as (

    select * from {{ ref('int_kpi_plan_now') }}

)

select
    {{ kpi_row(
        'days_supply_forward',
        numerator="measures.available_value",
        denominator="measures.forecast_value / 28",
        n="measures.forecast_item_locations",
        basis="'calendar days, forecast of the next four weeks, at cost'",
        null_reason="case when measures.forecast_item_locations = 0 then 'no_forecast' else 'no_demand' end"
    ) }}
from measures
