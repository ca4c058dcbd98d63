{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'exception'}}}) }}

-- No more item-locations ask for a look than the share that is allowed, unless those that always do are
-- more by themselves; and no cause asks twice, those that always do apart.
with

looks as (

    select * from {{ ref('int_exceptions_judged') }}
    where attention = 'look'

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

counted as (

    select
        count(distinct concat_ws('|', item_id, location_id)) as look_places,
        count(distinct concat_ws('|', item_id, location_id)) filter (
            attention_rule <> 'within_look_share'
        ) as always_places
    from looks
    where item_id is not null and location_id is not null

)

select 'more than the share of item-locations ask for a look' as problem
from counted
where
    look_places > greatest((
        select floor({{ var('look_share') }} * count(*)) from places
    ), always_places)
union all
select 'a cause asks twice: ' || cause_id as problem
from looks
where attention_rule = 'within_look_share'
group by cause_id
having count(*) > 1
