{%- set evidence -%}
select
    item_id,
    location_id,
    events_ahead,
    has_seasonal_index,
    event_factor,
    season_factor,
    coalesce(
        (events_ahead = 0 or event_factor <> 1) and (not has_seasonal_index or season_factor <> 1), false
    ) as is_met
from calendar_use
{%- endset -%}

with

calendar_use as (

    select * from {{ ref('calendar_use') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

judged as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_met)', 'count(*)') }} as value,
        count(*) filter (is_met) >= {{ var('scorecard_factor_share') }} * count(*) as is_met,
        {{ missing_evidence('calendar_use', ['event_factor', 'season_factor']) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(5, 'calendar_use', evidence, var('scorecard_factor_share'), 'share') }}
from judged
