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

-- units that the system would sell, against those that are fit to be sold
compared as (

    select
        counts.item_id,
        counts.location_id,
        counts.unit_id,
        counts.counted_date,
        counts.counted_by,
        counts.unsound_conditions,
        vehicles.is_held,
        coalesce(vehicles.invoice_cost, items.unit_cost) as unit_cost,
        -- of quantities the system sells what lies in a state for sale; of a unit, one that nobody holds
        case
            when counts.unit_id = '*'
                then
                    greatest(
                        counts.counted_units - coalesce(stock.total_units - stock.on_hand_units, 0),
                        0
                    )
            when vehicles.unit_status = 'at_location' and not vehicles.is_held then 1
            else 0
        end as system_units,
        counts.counted_units - counts.unsound_units as found_units
    from counts
    inner join items on counts.item_id = items.item_id
    left join stock
        on counts.item_id = stock.item_id and counts.location_id = stock.location_id
    left join vehicles on counts.unit_id = vehicles.unit_id
    -- a unit that is gone since the count has no condition any more
    where
        counts.unit_id = '*' and counts.unsound_units > 0
        or vehicles.unit_status = 'at_location'
        and vehicles.location_id = counts.location_id
        and counts.counted_units > 0

),

judged as (

    select
        item_id,
        location_id,
        unit_id,
        counted_date,
        counted_by,
        unsound_conditions,
        unit_cost,
        {{ units('system_units') }} as system_units,
        {{ units('found_units') }} as found_units,
        -- of quantities only what is unfit and yet for sale counts: what else is kept back is no matter of
        -- its condition
        case
            when unit_id = '*' then least(found_units - system_units, 0)
            else found_units - system_units
        end as difference_units
    from compared

)

select
    'condition' as audit_kind,
    item_id,
    location_id,
    unit_id,
    counted_date as audited_date,
    counted_by as audited_by,
    system_units,
    found_units,
    {{ units('difference_units') }} as difference_units,
    cast(0 as decimal(18, 3)) as tolerance_units,
    {{ amount('system_units', 'unit_cost') }} as system_value,
    {{ amount('found_units', 'unit_cost') }} as found_value,
    {{ amount('abs(difference_units)', 'unit_cost') }} as difference_value,
    cast(null as double) as not_counted_share,
    case when difference_units = 0 then 'match' else 'difference' end as audit_status,
    case
        when difference_units < 0 then 'unfit_but_for_sale'
        when difference_units > 0 then 'fit_but_held'
        else 'condition_agrees'
    end as reason_code,
    case
        when difference_units < 0 then 'Found ' || unsound_conditions || ', and the system would sell it.'
        when difference_units > 0 then 'Found fit to be sold, and the system holds it.'
        when unsound_conditions is not null then 'Found ' || unsound_conditions || ', and not for sale.'
        else 'Found fit to be sold, and for sale.'
    end as detail
from judged
