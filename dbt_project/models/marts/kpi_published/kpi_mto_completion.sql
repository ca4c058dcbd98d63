with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_order_completion_rate',
        numerator="measures.cohort_delivered",
        denominator="case when 2 * (measures.cohort_delivered + measures.cohort_cancelled) >= measures.confirmed_orders then measures.cohort_delivered + measures.cohort_cancelled end",
        n="measures.confirmed_orders",
        basis="'orders confirmed in the period, delivered or cancelled since'",
        null_reason="case when coalesce(measures.confirmed_orders, 0) = 0 then 'no_mto_orders' when 2 * (measures.cohort_delivered + measures.cohort_cancelled) < measures.confirmed_orders then 'cohort_immature' else 'none_closed' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_order_completion_lower_bound',
        numerator="measures.cohort_delivered",
        denominator="measures.confirmed_orders",
        n="measures.confirmed_orders",
        basis="'orders confirmed in the period, delivered since: a lower bound'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_mto_orders' end"
    ) }}
from measures
