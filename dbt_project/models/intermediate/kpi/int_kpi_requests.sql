with

requests as (

    select * from {{ ref('int_request_availability') }}

),

periods as (

    select * from {{ ref('int_kpi_periods') }}

),

presence as (

    select coalesce(bool_or(is_present), false) as is_present
    from {{ ref('stg_ims__source_presence') }}
    where table_name = 'customer_request' and column_name = '*'

),

placed as (

    select
        requests.*,
        periods.period,
        periods.window_days,
        periods.period_end_date
    from requests
    inner join periods
        on requests.request_date between periods.period_start_date and periods.period_end_date

),

summed as (

    select
        {{ kpi_scope_columns() }},
        period,
        window_days,
        period_end_date,
        count(*) as requests,
        count(is_available) as measured_requests,
        count(*) filter (is_available) as available_requests
    from placed
    group by {{ kpi_grouping_sets('period, window_days, period_end_date') }}

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

)

select
    scopes.scope_type,
    scopes.scope_id,
    periods.period,
    periods.window_days,
    periods.period_end_date,
    summed.requests,
    summed.measured_requests,
    summed.available_requests,
    presence.is_present
from scopes
cross join presence
inner join periods on periods.period = 'rolling' or scopes.scope_type = 'network'
left join summed
    on
        scopes.scope_type = summed.scope_type
        and scopes.scope_id = summed.scope_id
        and periods.period = summed.period
        and periods.window_days = summed.window_days
        and periods.period_end_date = summed.period_end_date
