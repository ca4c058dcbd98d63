with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'days_supply',
        numerator="measures.available_units_now",
        denominator="measures.sold_units / coalesce(measures.stock_days, measures.window_days)",
        n="measures.sale_lines",
        basis="'calendar days, available units'",
        null_reason="'no_demand'"
    ) }}
from measures
where measures.period = 'rolling' and measures.scope_type <> 'segment'

union all

select
    {{ kpi_row(
        'days_supply_selling',
        numerator="measures.available_units_now",
        denominator="case when measures.is_calendar_stated then measures.sold_units / nullif(measures.selling_days, 0) end",
        n="measures.sale_lines",
        basis="'selling days, available units'",
        null_reason="case when not measures.is_calendar_stated then 'no_calendar' else 'no_demand' end"
    ) }}
from measures
where measures.period = 'rolling' and measures.scope_type <> 'segment'
