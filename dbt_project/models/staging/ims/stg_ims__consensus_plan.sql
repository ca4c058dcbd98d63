with

source as (

    select * from {{ source('ims', 'consensus_plan') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.plan_version,
        source.scope,
        source.location_scope,
        cast(date_trunc('month', source.month_start_date) as date) as month_start_date,
        {{ units('source.planned_units') }} as planned_units,
        source.plan_status,
        source.submitted_by,
        source.approved_by,
        -- an approval without a date is known since it was loaded
        coalesce(source.approved_date, cast(source.loaded_at as date)) as approved_date,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['approved_date']) }}
    -- two days of one month are one plan: the later statement counts
    qualify row_number() over (
        partition by
            source.plan_version,
            source.scope,
            source.location_scope,
            date_trunc('month', source.month_start_date)
        order by source.loaded_at desc, source.month_start_date desc
    ) = 1

)

select * from known
