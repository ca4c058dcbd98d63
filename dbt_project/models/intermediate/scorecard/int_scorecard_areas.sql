with

checks as (

    select * from {{ ref('int_scorecard_checks') }}

),

notes as (

    select * from {{ ref('stg_ims__scorecard_note') }}
    where note_subject = 'area'

),

counted as (

    select
        coalesce(cast(area as varchar), '*') as area,
        case when area is null then 'All areas' else max(area_name) end as area_name,
        count(*) as checks,
        sum(score) as checks_yes,
        count(*) filter (status = 'not_evidenced') as checks_not_evidenced,
        -- only where the last release said something of all of them
        case
            when count(previous_status) = count(*) then count(*) filter (previous_status = 'yes')
        end as previous_checks_yes,
        string_agg(cast(check_number as varchar), ', ' order by check_number) filter (
            status = 'no'
        ) as failing,
        string_agg(cast(check_number as varchar), ', ' order by check_number) filter (
            status = 'not_evidenced'
        ) as unproven
    from checks
    group by grouping sets ((area), ())

),

banded as (

    select
        *,
        checks_yes / checks as share,
        case
            when area = '*' and checks_yes >= {{ var('scorecard_level_3_checks') }} then 3
            when area = '*' and checks_yes >= {{ var('scorecard_level_2_checks') }} then 2
            when area = '*' then 1
        end as level
    from counted
    where checks > 0

)

select
    banded.area,
    banded.area_name,
    cast(banded.checks_yes as bigint) as checks_yes,
    banded.checks,
    banded.checks_not_evidenced,
    round(banded.share, 6) as share,
    case
        when banded.share >= {{ var('scorecard_green_share') }} then 'green'
        when banded.share >= {{ var('scorecard_amber_share') }} then 'amber'
        else 'red'
    end as rag,
    cast(banded.level as integer) as level,
    coalesce(
        notes.observation,
        format('{} of {} checks are met', cast(banded.checks_yes as bigint), banded.checks)
        || coalesce('; not met: ' || banded.failing, '')
        || coalesce('; not evidenced: ' || banded.unproven, '') || '.'
    ) as observation,
    notes.decision,
    notes.owner as decision_owner,
    notes.due_date as decision_due_date,
    banded.previous_checks_yes
from banded
left join notes on banded.area = cast(notes.note_number as varchar)
