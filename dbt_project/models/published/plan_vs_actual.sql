with

compared as (

    select * from {{ ref('int_plan_actuals') }}

),

plans as (

    select * from {{ ref('stg_history__past_plan') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

kinds as (

    select
        unnest(['forecast', 'policy_service', 'stock', 'replenishment', 'transfer', 'receipt'])
            as plan_kind

),

windows as (

    select unnest([4, 13]) as window_weeks

),

planned_by as (

    select
        window_weeks,
        min(release_id) as release_id,
        min(release_as_of) as release_as_of
    from plans
    group by window_weeks

),

placed as (

    select
        compared.*,
        coalesce(places.region, 'unknown') as region,
        coalesce(places.category, 'unknown') as category
    from compared
    left join places
        on compared.item_id = places.item_id and compared.location_id = places.location_id

),

summed as (

    select
        {{ kpi_scope_columns(has_segment=false) }},
        window_weeks,
        plan_kind,
        sum(planned_units) as planned_units,
        sum(planned_base_units) as planned_base_units,
        sum(actual_units) as actual_units,
        sum(actual_base_units) as actual_base_units
    from placed
    group by {{ kpi_grouping_sets('window_weeks, plan_kind', has_segment=false) }}

),

-- the network has a row per kind and window, be it empty with its reason
wanted as (

    select
        scope_type,
        scope_id,
        window_weeks,
        plan_kind
    from summed
    union
    select
        'network' as scope_type,
        '*' as scope_id,
        windows.window_weeks,
        kinds.plan_kind
    from kinds
    cross join windows

),

-- sums first, the ratio last: units, average units of a day, or units filled per units asked for
valued as (

    select
        wanted.*,
        planned_by.release_id,
        planned_by.release_as_of,
        case wanted.plan_kind
            when 'policy_service' then {{ share_of('summed.planned_units', 'summed.planned_base_units') }}
            when 'stock' then cast(summed.planned_units as double) / (7 * wanted.window_weeks)
            else cast(summed.planned_units as double)
        end as planned,
        case wanted.plan_kind
            when 'policy_service' then {{ share_of('summed.actual_units', 'summed.actual_base_units') }}
            when 'stock' then cast(coalesce(summed.actual_units, 0) as double) / (7 * wanted.window_weeks)
            else cast(coalesce(summed.actual_units, 0) as double)
        end as actual
    from wanted
    left join planned_by on wanted.window_weeks = planned_by.window_weeks
    left join summed
        on
            wanted.scope_type = summed.scope_type
            and wanted.scope_id = summed.scope_id
            and wanted.window_weeks = summed.window_weeks
            and wanted.plan_kind = summed.plan_kind

)

select
    run_context.as_of,
    valued.plan_kind,
    valued.scope_type,
    valued.scope_id,
    valued.window_weeks,
    valued.release_id as plan_release_id,
    valued.release_as_of as plan_as_of,
    run_context.as_of - 7 * valued.window_weeks + 1 as period_start_date,
    run_context.as_of as period_end_date,
    round(valued.planned, 6) as planned,
    case when valued.release_id is not null then round(valued.actual, 6) end as actual,
    case when valued.release_id is not null then round(valued.actual - valued.planned, 6) end as deviation,
    case
        when valued.planned > 0 and valued.release_id is not null
            then round((valued.actual - valued.planned) / valued.planned, 6)
    end as deviation_share,
    case valued.plan_kind when 'policy_service' then 'share' else 'units' end as unit,
    case
        when valued.release_id is null then 'no_earlier_release'
        when valued.planned is null then 'nothing_planned'
        when valued.actual is null then 'not_recorded'
    end as null_reason
from valued
cross join run_context
