with

counts as (

    select * from {{ ref('int_last_counts') }}

),

stock as (

    select * from {{ ref('int_stock_positions') }}

),

vehicles as (

    select * from {{ ref('stg_ims__unit') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

-- the system's stock at the close of the day of the count: today's, less what has moved since
compared as (

    select
        counts.item_id,
        counts.location_id,
        counts.unit_id,
        counts.counted_date,
        counts.counted_by,
        counts.counted_units,
        case
            when counts.unit_id = '*' then coalesce(stock.total_units, 0)
            when vehicles.unit_status = 'at_location' then 1
            else 0
        end - counts.moved_since_units as system_units,
        coalesce(vehicles.invoice_cost, items.unit_cost) as unit_cost
    from counts
    inner join items on counts.item_id = items.item_id
    left join stock
        on counts.item_id = stock.item_id and counts.location_id = stock.location_id
    left join vehicles
        on
            counts.unit_id = vehicles.unit_id
            and counts.item_id = vehicles.item_id
            and counts.location_id = vehicles.location_id

),

judged as (

    select
        item_id,
        location_id,
        unit_id,
        counted_date,
        counted_by,
        system_units,
        counted_units as found_units,
        counted_units - system_units as difference_units,
        unit_cost,
        {{ audit_tolerance('system_units') }} as tolerance_units
    from compared

),

counted_places as (

    select distinct
        item_id,
        location_id
    from counts

),

has_counts as (

    select count(*) > 0 as is_any from counted_places

),

-- what was never counted, one row per location; without any count there is nothing to say
uncounted as (

    select
        stock.location_id,
        sum(stock.total_units) as system_units,
        sum({{ amount('stock.total_units', 'items.unit_cost') }}) as system_value,
        count(*) as place_count
    from stock
    inner join items on stock.item_id = items.item_id
    cross join has_counts
    anti join counted_places
        on stock.item_id = counted_places.item_id and stock.location_id = counted_places.location_id
    where stock.total_units > 0 and has_counts.is_any
    group by stock.location_id

),

stock_value as (

    select
        stock.location_id,
        sum({{ amount('stock.total_units', 'items.unit_cost') }}) as total_value
    from stock
    inner join items on stock.item_id = items.item_id
    group by stock.location_id

)

select
    'level' as audit_kind,
    item_id,
    location_id,
    unit_id,
    counted_date as audited_date,
    counted_by as audited_by,
    {{ units('system_units') }} as system_units,
    {{ units('found_units') }} as found_units,
    {{ units('difference_units') }} as difference_units,
    {{ units('tolerance_units') }} as tolerance_units,
    {{ amount('system_units', 'unit_cost') }} as system_value,
    {{ amount('found_units', 'unit_cost') }} as found_value,
    {{ amount('abs(difference_units)', 'unit_cost') }} as difference_value,
    cast(null as double) as not_counted_share,
    case when abs(difference_units) <= tolerance_units then 'match' else 'difference' end as audit_status,
    case
        when difference_units = 0 then 'counted_as_booked'
        when abs(difference_units) <= tolerance_units then 'within_tolerance'
        when difference_units < 0 then 'units_missing'
        else 'units_too_many'
    end as reason_code,
    'Counted ' || {{ shown('found_units') }} || ', the system says ' || {{ shown('system_units') }} || '.'
        as detail
from judged

union all

select
    'level' as audit_kind,
    '*' as item_id,
    uncounted.location_id,
    '*' as unit_id,
    cast(null as date) as audited_date,
    cast(null as varchar) as audited_by,
    {{ units('uncounted.system_units') }} as system_units,
    cast(null as decimal(18, 3)) as found_units,
    cast(null as decimal(18, 3)) as difference_units,
    cast(null as decimal(18, 3)) as tolerance_units,
    {{ money('uncounted.system_value') }} as system_value,
    cast(null as decimal(18, 4)) as found_value,
    cast(null as decimal(18, 4)) as difference_value,
    {{ share_of('uncounted.system_value', 'stock_value.total_value') }} as not_counted_share,
    'not_counted' as audit_status,
    'never_counted' as reason_code,
    uncounted.place_count || ' items with stock were never counted here.' as detail
from uncounted
inner join stock_value on uncounted.location_id = stock_value.location_id
