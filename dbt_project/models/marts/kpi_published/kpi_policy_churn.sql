with

measures as (

    select * from {{ ref('int_kpi_plan_now') }}

)

select
    {{ kpi_row(
        'policy_churn',
        numerator="measures.level_change_value",
        denominator="measures.previous_level_value",
        n="measures.changed_policies",
        basis="'order-up-to levels against the release before, at cost'",
        null_reason="'no_earlier_policy'"
    ) }}
from measures
