with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'expedite_rate',
        numerator="measures.expedited_receipts",
        denominator="measures.measured_receipts",
        n="measures.measured_receipts",
        basis="'receipts from suppliers'",
        null_reason="'no_receipts'"
    ) }}
from measures
where measures.scope_type <> 'segment'
