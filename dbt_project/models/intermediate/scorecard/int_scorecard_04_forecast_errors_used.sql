{%- set evidence -%}
select
    item_id,
    location_id,
    forecast_method,
    error_run_date,
    variance_units2,
    coalesce(
        variance_units2 is not null
        and error_run_date between as_of - {{ var('scorecard_fresh_days') }} and as_of,
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
        count(*) filter (is_met) >= {{ var('scorecard_policy_share') }} * count(*) as is_met,
        {{ missing_evidence('policy_input', ['error_run_date', 'variance_units2']) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(4, 'policy_input', evidence, var('scorecard_policy_share'), 'share') }}
from judged
