with

checks as (

    select * from {{ ref('int_scorecard_checks') }}

),

areas as (

    select * from {{ ref('int_scorecard_areas') }}

),

-- what a site of each level does next, with the checks that it can turn to yes
actions as (

    select
        named.level,
        named.action_number,
        named.action,
        named.cures,
        named.owner_role
    from (
        values
        (
            1, 1,
            'Calculate safety stocks and reorder points for every active item-location, every day',
            [1, 2, 4, 8], 'supply planner'
        ),
        (
            1, 2,
            'Segment items and locations, and give every class its service target and its plan',
            [3, 5, 6], 'demand planner'
        ),
        (
            1, 3,
            'Review the policies every month, with changes that somebody else approves',
            [10, 11, 12], 'management'
        ),
        (
            2, 1,
            'Bring lead-time variability per supplier and lane into the buffers',
            [1, 7, 9], 'buyer'
        ),
        (
            2, 2,
            'Keep minimums, lots, cases and capacities in every recommendation, from an approved plan',
            [6, 8], 'buyer'
        ),
        (
            2, 3,
            'Work by exceptions: who owns each, until when, and what became of it',
            [5, 10, 11, 12, 13, 14], 'supply planner'
        ),
        (
            3, 1,
            'Decide on scenarios of service, cash and cost before targets are set',
            [3, 6, 13], 'management'
        ),
        (
            3, 2,
            'Let backtests choose methods and parameters, and keep what they prove',
            [1, 4, 5, 7, 9], 'demand planner'
        ),
        (
            3, 3,
            'Tie policies to financial outcomes: excess, obsolete stock and cash in stock',
            [14, 15], 'management'
        )
    ) as named (level, action_number, action, cures, owner_role)

),

-- 30 to 60, 60 to 90, and from 90 days on
dues as (

    select
        due.level,
        due.due_from_days,
        due.due_to_days
    from (values (1, 30, 60), (2, 60, 90), (3, 90, null)) as due (level, due_from_days, due_to_days)

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

of_level as (

    select actions.*
    from actions
    inner join areas on actions.level = areas.level
    where areas.area = '*'

),

counted as (

    select
        of_level.level,
        of_level.action_number,
        count(checks.check_number) as failing_checks,
        string_agg(cast(checks.check_number as varchar), ', ' order by checks.check_number) as cured_checks
    from of_level
    left join checks on list_contains(of_level.cures, checks.check_number) and checks.status <> 'yes'
    group by of_level.level, of_level.action_number

)

select
    cast(of_level.level as integer) as level,
    row_number() over (
        order by counted.failing_checks desc, of_level.action_number asc
    ) as action_rank,
    of_level.action,
    counted.failing_checks,
    counted.cured_checks,
    of_level.owner_role,
    cast(dues.due_from_days as integer) as due_from_days,
    cast(dues.due_to_days as integer) as due_to_days,
    cast(run_context.as_of + cast(dues.due_from_days as integer) as date) as due_from_date,
    cast(run_context.as_of + cast(dues.due_to_days as integer) as date) as due_to_date
from of_level
cross join run_context
inner join counted on of_level.level = counted.level and of_level.action_number = counted.action_number
inner join dues on of_level.level = dues.level
