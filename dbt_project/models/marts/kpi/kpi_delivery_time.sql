with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'delivery_days_mean',
        numerator="measures.delivery_days_total",
        denominator="measures.delivered_lines",
        n="measures.delivered_lines",
        basis="'from the day the customer wanted it, delivered lines'",
        null_reason="case when coalesce(measures.sale_lines, 0) = 0 then 'no_sales' else 'not_recorded' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'delivery_days_p50',
        numerator="measures.delivery_days_p50",
        n="measures.delivered_lines",
        basis="'from the day the customer wanted it, delivered lines'",
        null_reason="case when coalesce(measures.sale_lines, 0) = 0 then 'no_sales' else 'not_recorded' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'delivery_days_p90',
        numerator="measures.delivery_days_p90",
        n="measures.delivered_lines",
        basis="'from the day the customer wanted it, delivered lines'",
        null_reason="case when coalesce(measures.sale_lines, 0) = 0 then 'no_sales' else 'not_recorded' end"
    ) }}
from measures
