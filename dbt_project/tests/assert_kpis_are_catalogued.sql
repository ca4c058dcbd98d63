{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'kpi_catalogue'}}}) }}

-- Every KPI is in the catalogue, and every KPI of the catalogue has its row for the network, be it empty
-- with its reason, as soon as there is stock.
with

told as (

    select distinct kpi from {{ ref('kpi') }}

),

of_network as (

    select distinct kpi from {{ ref('kpi') }}
    where scope_type = 'network'

),

catalogued as (

    select kpi from {{ ref('kpi_catalogue') }}

),

positions as (

    select count(*) > 0 as has_stock from {{ ref('fct_inventory_position') }}

)

select
    'not in the catalogue' as problem,
    told.kpi
from told
left join catalogued on told.kpi = catalogued.kpi
where catalogued.kpi is null

union all

select
    'not told of the network' as problem,
    catalogued.kpi
from catalogued
cross join positions
left join of_network on catalogued.kpi = of_network.kpi
where positions.has_stock and of_network.kpi is null
