with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_cancellation_rate',
        numerator="measures.cancelled_orders",
        denominator="measures.closed_orders",
        n="measures.closed_orders",
        basis="'orders delivered or cancelled in the period'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_closed' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_expedite_rate',
        numerator="measures.expedited_orders",
        denominator="measures.costed_closed_orders",
        n="measures.costed_closed_orders",
        basis="'closed orders with booked costs, any of them for haste'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures
