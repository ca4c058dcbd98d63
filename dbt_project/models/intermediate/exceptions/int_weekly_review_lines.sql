{% set kpi_models = [
    'kpi_ageing_value', 'kpi_carrying_cost', 'kpi_delivery_time', 'kpi_expedite_rate', 'kpi_fill_rate',
    'kpi_gross_margin', 'kpi_inventory_investment', 'kpi_stockout_rate', 'kpi_turnover',
] %}
with

changes as (

    select * from {{ ref('stg_science__policy_change') }}

),

policy_runs as (

    select * from {{ ref('stg_history__past_policy_run') }}

),

exceptions as (

    select * from {{ ref('int_exceptions_judged') }}

),

past as (

    select * from {{ ref('stg_history__past_exception') }}

),

past_kpis as (

    select * from {{ ref('stg_history__past_kpi') }}

),

plan_actuals as (

    select * from {{ ref('int_plan_actuals') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

kpis as (

    {% for model in kpi_models %}
        select * from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- --- policies that change, by the value of the change
changed_policies as (

    select
        'changed_policy' as section,
        item_id || ' at ' || location_id as subject,
        item_id,
        location_id,
        cast(new_order_up_to_units as double) as figure,
        'units' as figure_unit,
        cast(old_order_up_to_units as double) as figure_before,
        cast(abs(change_value) as double) as sort_value,
        'Order-up-to ' || {{ shown('coalesce(old_order_up_to_units, 0)') }} || ' becomes '
        || {{ shown('new_order_up_to_units') }} || ', worth ' || {{ shown_money('change_value') }}
        || '; ' || replace(change_state, '_', ' ') || '.' as sentence
    from changes
    where change_state not in ('none', 'within_dead_band', 'bootstrap')

),

-- --- what the runs of the week did with policies
policy_totals as (

    select
        'policy_totals' as section,
        'policies of the week' as subject,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        cast(sum(policy_runs.changed_keys) as double) as figure,
        'policies' as figure_unit,
        cast(null as double) as figure_before,
        0.0 as sort_value,
        'Earlier releases of the week: ' || count(*) || '; policies changed ' || sum(policy_runs.changed_keys)
        || ', proposed ' || sum(policy_runs.proposed_keys)
        || ', approved ' || sum(policy_runs.approved_keys) || '.' as sentence
    from policy_runs
    cross join run_context
    where policy_runs.release_as_of > run_context.as_of - 7
    having count(*) > 0

),

-- --- what asks for a look and is not handled
open_exceptions as (

    select
        'exception' as section,
        exception_type || coalesce(' ' || item_id, '') || coalesce(' at ' || location_id, '') as subject,
        item_id,
        location_id,
        cast(value_at_risk as double) as figure,
        'money' as figure_unit,
        cast(null as double) as figure_before,
        cast(value_at_risk as double) as sort_value,
        detail || ' ' || suggested_action || ' Owner: ' || owner_role || '; open since '
        || first_seen_date || '.' as sentence
    from exceptions
    where attention = 'look'

),

-- --- what nobody could cure in a day: markets that have turned
market_changes as (

    select
        'market_change' as section,
        reason_code as subject,
        item_id,
        location_id,
        cast(value_at_risk as double) as figure,
        'money' as figure_unit,
        cast(null as double) as figure_before,
        cast(value_at_risk as double) as sort_value,
        detail || ' ' || suggested_action || ' Owner: ' || owner_role || '; told since '
        || first_seen_date || '.' as sentence
    from exceptions
    where attention_rule = 'told_in_weekly_review'

),

-- --- what was told within the week and is told no more
gone as (

    select
        past.exception_type,
        past.exception_id,
        max(past.value_at_risk) as value_at_risk
    from past
    cross join run_context
    where
        past.release_as_of >= run_context.as_of - 7
        and past.exception_id not in (
            select exceptions.exception_id
            from exceptions
        )
    group by past.exception_type, past.exception_id

),

resolved as (

    select
        'resolved' as section,
        exception_type as subject,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        cast(count(*) as double) as figure,
        'exceptions' as figure_unit,
        cast(null as double) as figure_before,
        cast(sum({{ money('coalesce(value_at_risk, 0)') }}) as double) as sort_value,
        count(*) || ' of the week are resolved; they had '
        || {{ shown_money('sum(' ~ money('coalesce(value_at_risk, 0)') ~ ')') }} || ' at risk.' as sentence
    from gone
    group by exception_type

),

-- --- KPIs of the last month against those that a release a week ago told, or the oldest since
week_ago as (

    select
        past_kpis.kpi,
        past_kpis.window_days,
        coalesce(
            arg_max(past_kpis.value, past_kpis.release_as_of) filter (
                where past_kpis.release_as_of <= run_context.as_of - 7
            ),
            arg_min(past_kpis.value, past_kpis.release_as_of)
        ) as value_before
    from past_kpis
    cross join run_context
    where past_kpis.period = 'rolling' and past_kpis.value is not null
    group by past_kpis.kpi, past_kpis.window_days

),

moved_kpis as (

    select
        'kpi' as section,
        kpis.kpi || case when kpis.window_days > 0 then ' of ' || kpis.window_days || ' days' else '' end
            as subject,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        kpis.value as figure,
        'as the KPI' as figure_unit,
        week_ago.value_before as figure_before,
        abs(kpis.value - week_ago.value_before) / nullif(abs(week_ago.value_before), 0) as sort_value,
        case
            when abs(kpis.value) >= 1000
                then
                    'From ' || {{ shown_money('week_ago.value_before') }}
                    || ' to ' || {{ shown_money('kpis.value') }} || '.'
            else
                'From ' || {{ shown('round(week_ago.value_before, 4)') }}
                || ' to ' || {{ shown('round(kpis.value, 4)') }} || '.'
        end as sentence
    from kpis
    inner join week_ago on kpis.kpi = week_ago.kpi and kpis.window_days = week_ago.window_days
    where
        kpis.scope_type = 'network'
        and kpis.period = 'rolling'
        and kpis.window_days in (0, 30)
        and round(kpis.value, 6) <> week_ago.value_before

),

-- --- where what came was furthest, in money, from what the release of four weeks ago planned
missed as (

    select
        plan_actuals.plan_kind,
        plan_actuals.item_id,
        plan_actuals.location_id,
        coalesce(plan_actuals.planned_units, 0) as planned_units,
        coalesce(plan_actuals.actual_units, 0) as actual_units,
        abs(coalesce(plan_actuals.actual_units, 0) - coalesce(plan_actuals.planned_units, 0))
        * places.unit_cost as missed_value
    from plan_actuals
    inner join places
        on plan_actuals.item_id = places.item_id and plan_actuals.location_id = places.location_id
    where plan_actuals.window_weeks = 4 and plan_actuals.plan_kind in ('forecast', 'replenishment', 'receipt')

),

plan_misses as (

    select
        'plan_miss' as section,
        plan_kind || ' ' || item_id || ' at ' || location_id as subject,
        item_id,
        location_id,
        cast(actual_units as double) as figure,
        'units' as figure_unit,
        cast(planned_units as double) as figure_before,
        cast(missed_value as double) as sort_value,
        'Four weeks ago ' || {{ shown('planned_units') }} || ' were planned, ' || {{ shown('actual_units') }}
        || ' came; worth ' || {{ shown_money('missed_value') }} || '.' as sentence
    from missed
    where missed_value > 0
    union all
    select
        'plan_miss' as section,
        'no release of four weeks ago' as subject,
        null as item_id,
        null as location_id,
        null as figure,
        'units' as figure_unit,
        null as figure_before,
        0 as sort_value,
        'No release is four weeks old, so that no plan can be compared with what came.' as sentence
    from run_context
    where (
        select count(*)
        from missed
        where missed.planned_units > 0
    ) = 0

),

lines as (

    select * from changed_policies
    union all
    select * from policy_totals
    union all
    select * from open_exceptions
    union all
    select * from market_changes
    union all
    select * from resolved
    union all
    select * from moved_kpis
    union all
    select * from plan_misses

),

ranked as (

    select
        *,
        row_number() over (
            partition by section
            order by coalesce(sort_value, 0) desc, subject asc, sentence asc
        ) as section_rank
    from lines

)

select
    run_context.as_of,
    ranked.section,
    ranked.section_rank,
    ranked.subject,
    ranked.item_id,
    ranked.location_id,
    ranked.figure,
    ranked.figure_unit,
    ranked.figure_before,
    ranked.sentence
from ranked
cross join run_context
where ranked.section_rank <= {{ var('weekly_review_lines') }}
