with

source as (

    select * from {{ source('ims', 'unit') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.unit_id,
        source.item_id,
        source.location_id,
        source.unit_status,
        source.loaded_at,
        coalesce(source.is_pre_sold, false) as is_pre_sold,
        coalesce(source.is_held, false) as is_held,
        source.first_seen_date,
        source.last_seen_date,
        source.network_received_date,
        source.received_date,
        source.available_from_date,
        {{ money('source.list_price') }} as list_price,
        {{ money('source.invoice_cost') }} as invoice_cost,
        source.model_year,
        source.color,
        {{ option_set('source.options') }} as options,
        source.stock_category,
        {{ money('source.estimated_value') }} as estimated_value,
        source.floorplan_start_date,
        {{ rate('source.floorplan_rate') }} as floorplan_rate,
        source.floorplan_free_days,
        {{ units('source.odometer_km') }} as odometer_km,
        source.order_id
    from source
    cross join run_context
    where
        {{ known_at_as_of(
            ['first_seen_date', 'last_seen_date', 'network_received_date', 'received_date']
        ) }}

)

select * from known
