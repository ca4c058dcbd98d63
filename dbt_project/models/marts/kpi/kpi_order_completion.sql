with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'mts_order_completion_rate',
        numerator="measures.complete_orders",
        denominator="measures.due_orders",
        n="measures.due_orders",
        basis="'orders wholly shipped by their due day'",
        null_reason="case when coalesce(measures.request_lines, 0) = 0 then 'no_orders_due' else 'not_recorded' end"
    ) }}
from measures
where measures.scope_type <> 'category'
