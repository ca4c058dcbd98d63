with

requests as (

    select * from {{ ref('fct_customer_requests') }}

),

units as (

    select * from {{ ref('fct_units') }}

),

unit_sales as (

    select * from {{ ref('opt_in__unit_sale') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

first_day as (

    select min(period_start_date) as first_date from {{ ref('int_kpi_periods') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

asked as (

    select requests.*
    from requests
    cross join first_day
    cross join run_context
    where requests.request_date between first_day.first_date and run_context.as_of

),

-- when each unit stood where: those that are there for sale now, and those that were until they were sold
standing as (

    select
        units.item_id,
        units.location_id,
        units.location_received_date as from_date,
        cast(null as date) as to_date,
        units.options,
        units.list_price
    from units
    where
        units.unit_status = 'at_location'
        and units.is_sellable
        and not units.is_pre_sold
        and not units.is_held
        and units.location_received_date is not null

    union all

    select
        unit_sales.item_id,
        unit_sales.location_id,
        unit_sales.received_date as from_date,
        unit_sales.sold_date as to_date,
        cast(null as varchar) as options,
        cast(unit_sales.list_price as decimal(18, 4)) as list_price
    from unit_sales
    cross join first_day
    where unit_sales.received_date is not null and unit_sales.sold_date >= first_day.first_date

),

described as (

    select
        standing.*,
        items.category,
        items.powertrain,
        items.trim,
        -- a request that names no model looks at every one
        unnest([items.model, '*']) as model_key
    from standing
    inner join items on standing.item_id = items.item_id

),

-- places and how far they are apart; kilometres on the sphere, by the haversine formula
distances as (

    select
        here.location_id,
        there.location_id as unit_location_id,
        case
            when here.location_id = there.location_id then 0
            else
                12742 * asin(
                    sqrt(
                        pow(sin(radians(there.latitude - here.latitude) / 2), 2)
                        + cos(radians(here.latitude)) * cos(radians(there.latitude))
                        * pow(sin(radians(there.longitude - here.longitude) / 2), 2)
                    )
                )
        end as distance_km
    from locations as here
    cross join locations as there

),

-- what a request insists on: the model, category, powertrain, trim, price and options that it names, and
-- how far it would go. A request that names no distance stays where it is.
candidates as (

    select
        asked.request_id,
        described.options,
        string_split(nullif(asked.must_options, ''), '|') as must_list,
        string_split(nullif(described.options, ''), '|') as option_list
    from asked
    inner join distances
        on
            asked.location_id = distances.location_id
            and coalesce(asked.max_distance_km, 0) >= distances.distance_km
    inner join described
        on
            distances.unit_location_id = described.location_id
            and coalesce(asked.model, '*') = described.model_key
            and asked.request_date >= described.from_date
            and coalesce(asked.request_date <= described.to_date, true)
            and coalesce(asked.category = described.category, true)
            and coalesce(asked.powertrain = described.powertrain, true)
            and coalesce(asked.trim = described.trim, true)
            and coalesce(asked.max_price >= described.list_price, true)

),

judged as (

    select
        request_id,
        bool_or(must_list is null or coalesce(list_has_all(option_list, must_list), false)) as has_match,
        -- nobody knows the options of a unit that is no longer listed
        bool_or(must_list is not null and options is null) as has_unknown
    from candidates
    group by request_id

)

select
    asked.request_id,
    asked.request_date,
    asked.location_id,
    coalesce(asked.region, 'unknown') as region,
    coalesce(asked.category, 'unknown') as category,
    coalesce(asked.segment_id, 'POOL') as segment_id,
    case
        when judged.has_match then true
        when judged.has_unknown then null
        else false
    end as is_available
from asked
left join judged on asked.request_id = judged.request_id
