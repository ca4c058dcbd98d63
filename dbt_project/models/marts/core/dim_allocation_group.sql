with

levels as (

    select * from {{ ref('stg_ims__allocation_group') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- a version holds as a whole, from the first day of its levels until a later version begins
versions as (

    select
        hierarchy_version,
        min(effective_from) as version_from,
        min(min(effective_from)) over (
            order by hierarchy_version
            rows between 1 following and unbounded following
        ) as replaced_from
    from levels
    group by hierarchy_version

)

select
    levels.group_level,
    levels.hierarchy_version,
    levels.group_name,
    versions.version_from as effective_from,
    cast(versions.replaced_from - 1 as date) as effective_to,
    versions.version_from <= run_context.as_of
    and (versions.replaced_from is null or run_context.as_of < versions.replaced_from) as is_current
from levels
cross join run_context
inner join versions on levels.hierarchy_version = versions.hierarchy_version
