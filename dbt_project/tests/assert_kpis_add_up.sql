{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'kpi'}}}) }}

-- The parts of the network add up to it: over locations, regions, categories or segments the numerators
-- of a KPI that the catalogue calls additive come to that of the network. A KPI that is not told of a kind
-- of scope has nothing to add there.
with

kpis as (

    select * from {{ ref('kpi') }}
    where period = 'rolling'

),

additive as (

    select kpi from {{ ref('kpi_catalogue') }}
    where is_additive

),

parts as (

    select
        kpi,
        scope_type,
        window_days,
        sum(coalesce(cast(numerator as decimal(38, 4)), 0)) as numerator,
        count(*) as scope_count
    from kpis
    where scope_type <> 'network'
    group by kpi, scope_type, window_days

),

whole as (

    select
        kpi,
        window_days,
        coalesce(numerator, 0) as numerator
    from kpis
    where scope_type = 'network'

)

select
    parts.kpi,
    parts.scope_type,
    parts.window_days,
    parts.numerator as numerator_of_parts,
    whole.numerator as numerator_of_whole
from parts
inner join additive on parts.kpi = additive.kpi
left join whole on parts.kpi = whole.kpi and parts.window_days = whole.window_days
where
    coalesce(abs(parts.numerator - whole.numerator), 1e18)
    -- forecast errors are added up of units to three digits, everything else is published to four
    > 1e-3 * (parts.scope_count + 1) + 1e-9 * abs(whole.numerator)
