{%- set evidence -%}
select
    supplier_id,
    location_id,
    purchase_value,
    sample_count,
    quantile_count,
    coalesce(
        sample_count >= {{ var('scorecard_lead_time_samples') }} and quantile_count > 0, false
    ) as is_met
from purchase_lane
where purchase_value > 0
{%- endset -%}

with

purchase_lane as (

    select * from {{ ref('purchase_lane') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

-- money as decimals: a sum of doubles depends on the order of threads
judged as (

    select
        count(*) as evidence_rows,
        {{ share_of(
            'coalesce(sum(' ~ money('purchase_value') ~ ') filter (is_met), 0)', 'sum(' ~ money('purchase_value') ~ ')'
        ) }} as value,
        coalesce(sum({{ money('purchase_value') }}) filter (is_met), 0)
        >= {{ var('scorecard_purchase_share') }} * sum({{ money('purchase_value') }}) as is_met,
        {{ missing_evidence('purchase_lane', ['sample_count', 'quantile_count']) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(7, 'purchase_lane', evidence, var('scorecard_purchase_share'), 'share') }}
from judged
