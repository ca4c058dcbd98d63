with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_change_request_rate',
        numerator="measures.changed_orders",
        denominator="measures.confirmed_orders",
        n="measures.confirmed_orders",
        basis="'customers changes after the confirmation'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_mto_orders' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_changes_per_order',
        numerator="measures.customer_changes",
        denominator="measures.confirmed_orders",
        n="measures.confirmed_orders",
        basis="'customers changes after the confirmation'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_mto_orders' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_internal_change_rate',
        numerator="measures.internally_changed_orders",
        denominator="measures.confirmed_orders",
        n="measures.confirmed_orders",
        basis="'changes of the house after the confirmation'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_mto_orders' end"
    ) }}
from measures
