{%- set evidence -%}
select
    cycle_number,
    cycle_start_date,
    cycle_end_date,
    completed_date,
    completed_by,
    coalesce(completed_date <= cycle_end_date + {{ var('scorecard_review_late_days') }}, false) as is_met
from review_calendar
where completed_date is not null or cycle_end_date + {{ var('scorecard_review_late_days') }} < as_of
order by cycle_number desc
limit {{ var('scorecard_periods') }}
{%- endset -%}

with

review_calendar as (

    select * from {{ ref('review_calendar') }}

),

-- cycles whose review is due or done, the last ones
evidence as (

    {{ evidence | indent(4) }}

),

judged as (

    select
        count(*) as evidence_rows,
        count(*) filter (is_met) as value,
        count(*) filter (is_met) >= {{ var('scorecard_periods') }} as is_met,
        case
            when count(*) = 0 then 'no_rows_in_review_calendar'
            when count(completed_date) = 0 then 'no_values_in_completed_date'
            when count(*) < {{ var('scorecard_periods') }}
                then 'fewer_than_{{ var("scorecard_periods") }}_review_cycles'
        end as null_reason
    from evidence

)

select
    {{ scorecard_row(10, 'review_calendar', evidence, var('scorecard_periods'), 'cycles') }}
from judged
