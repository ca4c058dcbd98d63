{{ config(materialized='table') }}

with

past as (

    select * from {{ ref('stg_history__past_exception') }}
    where releases_back = 1

),

current_exceptions as (

    select * from {{ ref('int_exceptions_collected') }}

),

kinds as (

    select * from {{ ref('int_exception_kinds') }}

),

planned as (

    select * from {{ ref('int_positions_planned') }}

),

changes as (

    select * from {{ ref('stg_science__policy_change') }}

),

receipts as (

    select * from {{ ref('fct_receipts') }}

),

demand as (

    select * from {{ ref('fct_demand_daily') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

gone as (

    select
        past.*,
        kinds.cause_family,
        case when past.reason_code like 'order %' then substr(past.reason_code, 7) end as order_id,
        case when past.reason_code like 'change %' then substr(past.reason_code, 8) end as change_id
    from past
    left join kinds on past.exception_type = kinds.exception_type
    where past.exception_id not in (
        select current_exceptions.exception_id
        from current_exceptions
    )

),

last_release as (

    select max(release_as_of) as release_as_of from past

),

-- what came to a place and what was sold there since the release that told the exception
arrived as (

    select
        receipts.item_id,
        receipts.location_id,
        sum(receipts.accepted_units) as arrived_units
    from receipts
    cross join last_release
    where receipts.received_date > last_release.release_as_of
    group by receipts.item_id, receipts.location_id

),

sold as (

    select
        demand.item_id,
        demand.location_id,
        sum(demand.sold_units) as sold_units
    from demand
    cross join last_release
    where demand.demand_date > last_release.release_as_of
    group by demand.item_id, demand.location_id

),

-- what else is told of a place that lacks something: an exception may end because another kind says it now
told_otherwise as (

    select
        item_id,
        location_id,
        min(exception_type) as exception_type
    from current_exceptions
    where cause_family = 'shortage' and item_id is not null and location_id is not null
    group by item_id, location_id

),

judged as (

    select
        gone.*,
        arrived.arrived_units,
        sold.sold_units,
        orders.order_status,
        planned.ordered_units,
        planned.moved_in_units,
        planned.moved_out_units,
        told_otherwise.exception_type as told_as,
        case
            when gone.cause_family = 'order' and orders.order_status in ('delivered', 'cancelled')
                then 'order_' || orders.order_status
            when gone.cause_family = 'order' then 'order_back_on_track'
            when
                gone.cause_family in ('shortage', 'surplus', 'policy')
                and gone.location_id <> '*'
                and planned.item_id is null
                then 'no_longer_planned'
            when
                gone.exception_type = 'policy_change_pending'
                and changes.change_state in ('approved', 'rejected')
                then changes.change_state
            when gone.exception_type = 'policy_change_pending' then 'no_longer_wanted'
            when gone.exception_type = 'override_expiring' then 'override_ended'
            when gone.cause_family = 'shortage' and arrived.arrived_units > 0 then 'stock_arrived'
            when gone.exception_type = 'overdue_supply' then 'redated_or_closed'
            -- an order brings a position back; an empty shelf stays a stock-out until something arrives
            when gone.exception_type = 'unmet_need' and planned.moved_in_units > 0 then 'transfer_placed'
            when gone.exception_type = 'unmet_need' and planned.ordered_units > 0 then 'order_placed'
            when gone.exception_type = 'stock_out' and planned.available_units > 0 then 'stock_arrived'
            when told_otherwise.exception_type is not null then 'told_otherwise'
            when gone.cause_family = 'shortage' and planned.item_id is not null then 'no_longer_wanted'
            when gone.cause_family = 'surplus' and sold.sold_units > 0 then 'sold'
            when gone.cause_family = 'surplus' and planned.moved_out_units > 0 then 'transfer_placed'
            when gone.cause_family = 'record' then 'record_corrected'
            when gone.cause_family = 'data' then 'source_repaired'
            when gone.cause_family = 'plan' then 'plan_found'
        end as resolution
    from gone
    left join planned
        on gone.item_id = planned.item_id and gone.location_id = planned.location_id
    left join arrived
        on gone.item_id = arrived.item_id and gone.location_id = arrived.location_id
    left join sold
        on gone.item_id = sold.item_id and gone.location_id = sold.location_id
    left join told_otherwise
        on
            gone.item_id = told_otherwise.item_id
            and gone.location_id = told_otherwise.location_id
            and gone.cause_family = 'shortage'
    left join orders on gone.order_id = orders.order_id
    left join changes on gone.change_id = changes.change_id

)

select
    run_context.as_of,
    judged.exception_id,
    judged.exception_type,
    judged.severity,
    judged.item_id,
    judged.location_id,
    {{ money('coalesce(judged.value_at_risk, 0)') }} as value_at_risk,
    judged.quantity_units,
    judged.reason_code,
    judged.detail,
    judged.owner_role,
    judged.attention as last_attention,
    coalesce(judged.first_seen_date, judged.release_as_of) as first_seen_date,
    judged.release_as_of as last_seen_date,
    date_diff('day', coalesce(judged.first_seen_date, judged.release_as_of), run_context.as_of) as days_open,
    judged.release_id as last_release_id,
    judged.resolution,
    case judged.resolution
        when 'stock_arrived'
            then
                coalesce({{ shown('judged.arrived_units') }} || ' units arrived', 'There is stock again')
                || '.'
        when 'order_placed' then {{ shown('judged.ordered_units') }} || ' units are ordered by today''s plan.'
        when 'transfer_placed'
            then
                'Today''s plan moves '
                || {{ shown('greatest(judged.moved_in_units, judged.moved_out_units)') }} || ' units.'
        when 'sold' then {{ shown('judged.sold_units') }} || ' units were sold.'
        when 'approved' then 'The change was approved.'
        when 'rejected' then 'The change was rejected.'
        when 'override_ended' then 'The override ended or was renewed.'
        when 'order_delivered' then 'The order was delivered.'
        when 'order_cancelled' then 'The order was cancelled.'
        when 'order_back_on_track' then 'The order no longer meets the rule.'
        when 'told_otherwise' then 'It is told as ' || judged.told_as || ' now.'
        when 'no_longer_planned' then 'The item is no longer planned there.'
        when 'no_longer_wanted' then 'What was missing or asked for is wanted no more.'
        when 'redated_or_closed' then 'The lines have a new date, or are closed.'
        when 'record_corrected' then 'Stock and records agree.'
        when 'source_repaired' then 'The source brings what was missing.'
        when 'plan_found' then 'Today''s plan keeps what gave way.'
    end as resolution_detail,
    case when judged.resolution is null then 'NO_TABLE_TELLS' end as null_reason
from judged
cross join run_context
