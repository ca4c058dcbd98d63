with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_on_time_first',
        numerator="measures.first_kept_orders",
        denominator="measures.first_due_orders",
        n="measures.first_due_orders",
        basis="'orders due by the first promise, not postponed by the customer'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_due' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_on_time_current',
        numerator="measures.current_kept_orders",
        denominator="measures.current_due_orders",
        n="measures.current_due_orders",
        basis="'orders due by the promise that held at the end'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_due' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_early_rate',
        numerator="measures.early_orders",
        denominator="measures.first_due_orders",
        n="measures.first_due_orders",
        basis="'more than " ~ var('mto_early_days') ~ " days before the first promise'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_due' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_postponed_share',
        numerator="measures.postponed_orders",
        denominator="measures.all_first_due_orders",
        n="measures.all_first_due_orders",
        basis="'orders due of which the customer asked for a later date'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_due' end"
    ) }}
from measures
