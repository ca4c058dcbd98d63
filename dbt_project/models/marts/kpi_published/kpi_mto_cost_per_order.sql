with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_cost_per_order',
        numerator="measures.handling_cost",
        denominator="measures.costed_orders",
        n="measures.costed_orders",
        basis="'booked administration and coordination, orders confirmed in the period'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_cost_per_delivered_order',
        numerator="measures.delivered_handling_cost",
        denominator="measures.costed_deliveries",
        n="measures.costed_deliveries",
        basis="'booked administration and coordination, orders delivered in the period'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures
