with

answers as (

    select * from {{ ref('stg_ims__survey_response') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

periods as (

    select * from {{ ref('int_kpi_periods') }}

),

presence as (

    select coalesce(bool_or(is_present), false) as is_present
    from {{ ref('stg_ims__source_presence') }}
    where table_name = 'survey_response' and column_name = '*'

),

-- a survey belongs to the period in which it was sent, whenever it was answered
placed as (

    select
        answers.survey_question,
        answers.survey_score,
        answers.location_id,
        coalesce(locations.region, 'unknown') as region,
        coalesce(answers.segment_id, 'POOL') as segment_id,
        periods.period,
        periods.window_days,
        periods.period_end_date
    from answers
    inner join periods on answers.sent_date between periods.period_start_date and periods.period_end_date
    left join locations on answers.location_id = locations.location_id

),

summed as (

    select
        {{ kpi_scope_columns(has_category=false) }},
        period,
        window_days,
        period_end_date,
        count(*) filter (survey_question = 'overall') as asked,
        count(survey_score) filter (survey_question = 'overall') as answered,
        sum(survey_score) filter (survey_question = 'overall') as overall_score,
        count(*) filter (survey_question = 'overall' and survey_score >= 4) as satisfied,
        count(survey_score) filter (survey_question = 'availability') as availability_answers,
        sum(survey_score) filter (survey_question = 'availability') as availability_score,
        count(survey_score) filter (survey_question = 'delivery') as delivery_answers,
        sum(survey_score) filter (survey_question = 'delivery') as delivery_score
    from placed
    group by {{ kpi_grouping_sets('period, window_days, period_end_date', has_category=false) }}

),

scopes as (

    select
        scope_type,
        scope_id
    from summed
    union
    select
        'network' as scope_type,
        '*' as scope_id

),

wanted as (

    select
        scopes.scope_type,
        scopes.scope_id,
        periods.period,
        periods.window_days,
        periods.period_end_date,
        presence.is_present
    from scopes
    cross join presence
    inner join periods on periods.period = 'rolling' or scopes.scope_type = 'network'

)

select
    wanted.scope_type,
    wanted.scope_id,
    wanted.period,
    wanted.window_days,
    wanted.period_end_date,
    wanted.is_present,
    summed.asked,
    summed.answered,
    summed.overall_score,
    summed.satisfied,
    summed.availability_answers,
    summed.availability_score,
    summed.delivery_answers,
    summed.delivery_score
from wanted
left join summed using (scope_type, scope_id, period, window_days, period_end_date)
