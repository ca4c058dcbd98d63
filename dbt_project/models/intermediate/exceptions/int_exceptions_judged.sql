{{ config(materialized='table') }}

with

collected as (

    select * from {{ ref('int_exceptions_collected') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

past as (

    select * from {{ ref('stg_history__past_exception') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

last_release as (

    select * from past
    where releases_back = 1

),

-- what the last release said of the same exception
remembered as (

    select
        collected.*,
        run_context.as_of,
        coalesce(last_release.first_seen_date, last_release.release_as_of, run_context.as_of)
            as first_seen_date,
        case
            when last_release.exception_id is null then 'new'
            when
                collected.value_at_risk
                > (1 + {{ var('exception_change_share') }}) * {{ money('last_release.value_at_risk') }}
                then 'worse'
            when
                collected.value_at_risk
                < (1 - {{ var('exception_change_share') }}) * {{ money('last_release.value_at_risk') }}
                then 'better'
            else 'open'
        end as exception_status
    from collected
    cross join run_context
    left join last_release on collected.exception_id = last_release.exception_id

),

weighed as (

    select
        *,
        case severity when 'high' then 1 when 'medium' then 2 else 3 end as severity_rank,
        -- some kinds are looked at whatever the plan does
        case when not is_always_look then handled_by end as cured_by
    from remembered

),

-- of exceptions of one cause one leads: an open one before a cured one, then the worse, then the dearer
led as (

    select
        *,
        row_number() over (
            partition by cause_id
            order by
                is_always_look desc,
                cured_by is null desc,
                severity_rank asc,
                value_at_risk desc,
                exception_id asc
        ) as rank_in_cause,
        max(value_at_risk) over (partition by cause_id) as cause_value
    from weighed

),

-- how many item-locations may ask for a look, less those that always do
budget as (

    select
        (
            select floor({{ var('look_share') }} * count(*)) from places
        ) - (
            select count(distinct concat_ws('|', item_id, location_id))
            from led
            where is_always_look and item_id is not null and location_id is not null
        ) as looks_left

),

-- open leading exceptions of the kinds that share the budget
waiting as (

    select
        *,
        not is_always_look
        and cured_by is null
        and rank_in_cause = 1
        and not is_told_weekly
        and value_at_risk >= {{ var('look_least_value') }} as is_waiting
    from led

),

-- high before medium before low, then by value
queued as (

    select
        *,
        case
            when is_waiting
                then row_number() over (
                    partition by is_waiting
                    order by severity_rank asc, value_at_risk desc, exception_id asc
                )
        end as queue_number
    from waiting

),

attended as (

    select
        queued.*,
        case
            when queued.is_always_look then 'always_' || queued.cause_family
            when queued.cured_by is not null then queued.cured_by
            when queued.rank_in_cause > 1 then 'same_cause_told_once'
            when queued.is_told_weekly then 'told_in_weekly_review'
            when queued.queue_number <= budget.looks_left then 'within_look_share'
            when queued.queue_number > budget.looks_left then 'beyond_look_share'
            else 'below_look_value'
        end as attention_rule
    from queued
    cross join budget

)

select
    as_of,
    exception_id,
    cause_id,
    exception_type,
    severity,
    severity_rank,
    item_id,
    location_id,
    value_at_risk,
    case when rank_in_cause = 1 then cause_value else 0 end as counted_value_at_risk,
    quantity_units,
    reason_code,
    detail,
    suggested_action,
    owner_role,
    case
        when is_always_look or attention_rule = 'within_look_share' then 'look'
        when cured_by is not null then 'handled'
        else 'watch'
    end as attention,
    attention_rule,
    first_seen_date,
    exception_status
from attended
