with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_lead_time_mae_days',
        numerator="measures.absolute_error_days",
        denominator="measures.estimated_orders",
        n="measures.estimated_orders",
        basis="'delivered orders, delivery less first estimate'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_delivered' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_lead_time_bias_days',
        numerator="measures.error_days",
        denominator="measures.estimated_orders",
        n="measures.estimated_orders",
        basis="'delivered orders, delivery less first estimate'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_delivered' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_lead_time_within_tolerance',
        numerator="measures.accurate_date_orders",
        denominator="measures.judged_orders",
        n="measures.judged_orders",
        basis="'within " ~ var('mto_accuracy_days') ~ " days of the first estimate, open orders that are later counted'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_delivered' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_p50_coverage',
        numerator="measures.p50_kept_orders",
        denominator="measures.p50_due_orders",
        n="measures.p50_due_orders",
        basis="'orders due by their expected date (P50), delivered by then'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_own_promise_due' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_p90_coverage',
        numerator="measures.p90_kept_orders",
        denominator="measures.p90_due_orders",
        n="measures.p90_due_orders",
        basis="'orders due by their promised date (P90), delivered by then'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_own_promise_due' end"
    ) }}
from measures
