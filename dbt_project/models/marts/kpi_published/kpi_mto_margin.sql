with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_margin_rate',
        numerator="measures.actual_margin",
        denominator="measures.margin_revenue",
        n="measures.margin_orders",
        basis="'delivered orders with booked costs'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_margin_performance',
        numerator="measures.planned_actual_margin",
        denominator="measures.planned_margin",
        n="measures.planned_orders",
        basis="'delivered orders with booked costs and a planned margin'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_margin_variance_price',
        numerator="measures.price_variance",
        n="measures.planned_orders",
        basis="'final less quoted and changed price'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_margin_variance_spec',
        numerator="measures.spec_variance",
        n="measures.planned_orders",
        basis="'agreed changes at the planned margin'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_margin_variance_cost',
        numerator="measures.cost_variance",
        n="measures.planned_orders",
        basis="'planned and changed less actual cost'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_booked_costs' end"
    ) }}
from measures
