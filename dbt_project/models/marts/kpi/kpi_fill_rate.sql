with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'unit_fill_rate',
        numerator="measures.filled_units",
        denominator="measures.measured_units",
        n="measures.measured_lines",
        basis="'filled from stock at request'",
        null_reason="case when coalesce(measures.request_lines, 0) = 0 then 'no_demand' else 'not_recorded' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'line_fill_rate',
        numerator="measures.filled_lines",
        denominator="measures.measured_lines",
        n="measures.measured_lines",
        basis="'lines wholly filled at request'",
        null_reason="case when coalesce(measures.request_lines, 0) = 0 then 'no_demand' else 'not_recorded' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'order_fill_rate',
        numerator="measures.filled_orders",
        denominator="measures.measured_orders",
        n="measures.measured_orders",
        basis="'orders wholly filled at request'",
        null_reason="case when coalesce(measures.request_lines, 0) = 0 then 'no_demand' else 'not_recorded' end"
    ) }}
from measures
where measures.scope_type <> 'category'
