with

demand as (

    select * from {{ ref('int_demand_daily') }}

),

censored_spells as (

    select * from {{ ref('int_censored_spells') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- buckets of seven days counted back from the business date: bucket 0 ends on it
demand_by_bucket as (

    select
        demand.item_id,
        demand.location_id,
        (run_context.as_of - demand.demand_date) // 7 as bucket,
        sum(demand.demand_units) as demand_units,
        sum(demand.sold_units) as sold_units,
        0 as censored_days
    from demand
    cross join run_context
    group by all

),

spell_buckets as (

    select
        censored_spells.item_id,
        censored_spells.location_id,
        censored_spells.censored_from,
        censored_spells.censored_to,
        run_context.as_of,
        unnest(
            generate_series(
                (run_context.as_of - censored_spells.censored_to) // 7,
                (run_context.as_of - censored_spells.censored_from) // 7
            )
        ) as bucket
    from censored_spells
    cross join run_context

),

censored_by_bucket as (

    select
        item_id,
        location_id,
        bucket,
        0 as demand_units,
        0 as sold_units,
        sum(
            least(censored_to, as_of - 7 * cast(bucket as integer))
            - greatest(censored_from, as_of - 6 - 7 * cast(bucket as integer))
            + 1
        ) as censored_days
    from spell_buckets
    group by item_id, location_id, bucket

),

buckets as (

    select
        item_id,
        location_id,
        bucket,
        sum(demand_units) as demand_units,
        sum(sold_units) as sold_units,
        sum(censored_days) as censored_days
    from (
        select * from demand_by_bucket
        union all
        select * from censored_by_bucket
    ) as demand_and_censored
    group by item_id, location_id, bucket

),

placed as (

    select
        buckets.item_id,
        buckets.location_id,
        run_context.as_of - 6 - 7 * cast(buckets.bucket as integer) as bucket_start_date,
        buckets.demand_units,
        buckets.sold_units,
        buckets.censored_days,
        greatest(item_locations.first_demand_date, run_context.history_start_date) as known_from_date
    from buckets
    cross join run_context
    inner join item_locations
        on
            buckets.item_id = item_locations.item_id
            and buckets.location_id = item_locations.location_id
    where item_locations.is_ranged

)

select
    item_id,
    location_id,
    bucket_start_date,
    cast(demand_units as double) as demand_units,
    cast(sold_units as double) as sold_units,
    cast(censored_days as bigint) as censored_days,
    -- the bucket in which history starts is known in part
    cast(least(7, bucket_start_date + 7 - known_from_date) as bigint) as bucket_days
from placed
