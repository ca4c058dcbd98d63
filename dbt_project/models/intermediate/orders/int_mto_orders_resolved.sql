with

orders as (

    select * from {{ ref('stg_ims__mto_order') }}

),

options as (

    select * from {{ ref('dim_config_option') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

locations as (

    select * from {{ ref('stg_ims__location') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- an order that names no item is of the category of its model's items
model_categories as (

    select
        model,
        min(category) as category
    from items
    where model is not null
    group by model

),

chosen as (

    select
        order_id,
        unnest(string_split(options, '|')) as option_id
    from orders
    where options <> ''

),

-- the slowest option decides how long the order takes
configurations as (

    select
        chosen.order_id,
        count(*) as option_count,
        count(*) filter (options.option_id is null) as unknown_option_count,
        max(case options.lead_time_class when 'special' then 3 when 'advanced' then 2 else 1 end)
            as class_number
    from chosen
    left join options on chosen.option_id = options.option_id
    group by chosen.order_id

),

-- a date tells more than a word: what was delivered is not open, whatever its status says; a quote with
-- a last day has lapsed, and was never an order
dated as (

    select
        *,
        case
            when order_status in ('delivered', 'cancelled') then order_status
            when delivered_date is not null then 'delivered'
            when cancelled_date is not null and order_status <> 'quoted' then 'cancelled'
            else order_status
        end as resolved_status
    from orders

),

resolved as (

    select
        dated.order_id,
        dated.item_id,
        dated.location_id,
        locations.region,
        coalesce(items.category, model_categories.category) as category,
        dated.model,
        dated.market,
        dated.customer_id,
        dated.segment_id,
        dated.options,
        coalesce(configurations.option_count, 0) as option_count,
        coalesce(configurations.unknown_option_count, 0) as unknown_option_count,
        case configurations.class_number when 3 then 'special' when 2 then 'advanced' else 'standard' end
            as lead_time_class,
        dated.order_date,
        dated.confirmed_date,
        dated.requested_date,
        dated.promised_date,
        dated.order_status as stated_status,
        dated.resolved_status as order_status,
        coalesce(dated.order_priority, {{ var('unstated_order_priority') }}) as order_priority,
        dated.order_weight,
        dated.plant_id,
        dated.quoted_price,
        dated.quoted_fees,
        dated.quoted_cost,
        dated.final_price,
        dated.deposit,
        dated.credit_status,
        dated.credit_valid_to,
        case when dated.resolved_status = 'delivered' then dated.delivered_date end as delivered_date,
        case when dated.resolved_status = 'cancelled' then dated.cancelled_date end as cancelled_date,
        dated.cancel_reason,
        dated.as_built_options,
        dated.unit_id,
        -- who tells no day of the end tells it by the day of the news
        case dated.resolved_status
            when 'delivered' then coalesce(dated.delivered_date, cast(dated.loaded_at as date))
            when 'cancelled' then coalesce(dated.cancelled_date, cast(dated.loaded_at as date))
            when 'quoted' then dated.cancelled_date
        end as closed_date
    from dated
    inner join locations on dated.location_id = locations.location_id
    left join items on dated.item_id = items.item_id
    left join model_categories on dated.model = model_categories.model
    left join configurations on dated.order_id = configurations.order_id

),

-- what ended before the history began is of no use any more, and a quote that lapsed never was
aged as (

    select
        resolved.*,
        coalesce(resolved.closed_date >= run_context.history_start_date, true)
        and not (resolved.order_status = 'quoted' and resolved.closed_date is not null) as is_in_history
    from resolved
    cross join run_context

)

select * from aged
