with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_first_time_right',
        numerator="measures.right_orders",
        denominator="measures.built_orders",
        n="measures.built_orders",
        basis="'built without a hold and without rework'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_built' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_defects_per_unit',
        numerator="measures.defects",
        denominator="measures.built_orders",
        n="measures.built_orders",
        basis="'defects before the handover per unit built'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_built' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_pdi_failures_per_unit',
        numerator="measures.pdi_failures",
        denominator="measures.built_orders",
        n="measures.built_orders",
        basis="'failures at the preparation per unit built'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_built' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_escaped_defects_per_unit',
        numerator="measures.escaped_defects",
        denominator="measures.seasoned_orders",
        n="measures.seasoned_orders",
        basis="'defects within thirty days of the handover, deliveries thirty days old'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'none_delivered_for_thirty_days' end"
    ) }}
from measures
