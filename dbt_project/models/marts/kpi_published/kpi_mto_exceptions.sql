with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_exception_rate',
        numerator="measures.exceptional_orders",
        denominator="measures.active_orders",
        n="measures.active_orders",
        basis="'orders open at some time in the period, exceptions so far'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_mto_orders' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_exceptions_per_order',
        numerator="measures.exceptions",
        denominator="measures.active_orders",
        n="measures.active_orders",
        basis="'orders open at some time in the period, exceptions so far'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_mto_orders' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_exception_resolution_days',
        numerator="measures.resolution_days",
        denominator="measures.resolved_events",
        n="measures.resolved_events",
        basis="'closed quality events, closing less opening'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_resolved' end"
    ) }}
from measures
