with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_configuration_accuracy',
        numerator="measures.accurate_orders",
        denominator="measures.compared_orders",
        n="measures.compared_orders",
        basis="'delivered as last agreed, of those with a recorded build'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'not_recorded' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_configuration_coverage',
        numerator="measures.compared_orders",
        denominator="measures.delivered_orders",
        n="measures.delivered_orders",
        basis="'delivered orders whose build is recorded'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'nothing_delivered' end"
    ) }}
from measures
