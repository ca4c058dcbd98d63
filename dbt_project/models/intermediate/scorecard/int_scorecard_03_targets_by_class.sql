{%- set evidence -%}
select
    item_id,
    location_id,
    service_class,
    class_service_target,
    service_target,
    coalesce(
        service_class is not null and abs(service_target - class_service_target) < 0.000001, false
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
        count(*) filter (is_met) >= {{ var('scorecard_class_share') }} * count(*)
        and count(distinct class_service_target) >= {{ var('scorecard_least_targets') }} as is_met,
        {{ missing_evidence('policy_input', [
            'service_class', 'class_service_target', 'service_target'
        ]) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(3, 'policy_input', evidence, var('scorecard_class_share'), 'share') }}
from judged
