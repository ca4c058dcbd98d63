with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'backorder_rate',
        numerator="measures.backordered_units",
        denominator="measures.measured_units",
        n="measures.measured_lines",
        basis="'units waited for, of those with a recorded fill'",
        null_reason="case when coalesce(measures.request_lines, 0) = 0 then 'no_demand' else 'not_recorded' end"
    ) }}
from measures
