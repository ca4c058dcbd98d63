{%- set evidence -%}
select
    item_id,
    location_id,
    calculated_safety_stock_units,
    variance_units2,
    lead_time_sd_days,
    lead_time_sample_count,
    model_learnt_date,
    is_recomputed_equal,
    coalesce(
        variance_units2 is not null
        and lead_time_sd_days is not null
        and lead_time_sample_count > 0
        and model_learnt_date >= as_of - {{ var('scorecard_fresh_days') }}
        and is_recomputed_equal,
        false
    ) as is_met
from policy_input
where not is_end_of_life
{%- endset -%}

with

policy_input as (

    select * from {{ ref('policy_input') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

judged as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_met)', 'count(*)') }} as value,
        count(*) filter (is_met) >= {{ var('scorecard_policy_share') }} * count(*)
        and bool_and(is_recomputed_equal) as is_met,
        {{ missing_evidence('policy_input', [
            'variance_units2', 'lead_time_sd_days', 'model_learnt_date', 'is_recomputed_equal'
        ]) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(1, 'policy_input', evidence, var('scorecard_policy_share'), 'share') }}
from judged
