with

source as (

    select * from {{ source('science', 'opt_out__policy') }}

),

typed as (

    select
        item_id,
        location_id,
        {{ rate('service_target') }} as service_target,
        service_metric,
        {{ rate('planned_service') }} as planned_service,
        stockout_behaviour,
        {{ units('lead_time_days') }} as lead_time_days,
        review_days,
        {{ units('moq_units') }} as moq_units,
        {{ units('lot_units') }} as lot_units,
        {{ units('safety_stock_units') }} as safety_stock_units,
        {{ units('reorder_point_units') }} as reorder_point_units,
        {{ units('order_up_to_units') }} as order_up_to_units,
        {{ units('order_quantity_units') }} as order_quantity_units,
        order_quantity_reason,
        {{ units('eoq_units') }} as eoq_units,
        {{ money('order_price') }} as order_price,
        {{ units('proposed_reorder_point_units') }} as proposed_reorder_point_units,
        {{ units('proposed_order_up_to_units') }} as proposed_order_up_to_units,
        {{ rate('expected_fill_rate') }} as expected_fill_rate,
        {{ rate('expected_ready_rate') }} as expected_ready_rate,
        {{ rate('expected_cycle_service') }} as expected_cycle_service,
        {{ units('expected_stock_units') }} as expected_stock_units,
        {{ money('expected_cost_per_year') }} as expected_cost_per_year,
        abc_class,
        abc_calculated,
        xyz_class,
        xyz_calculated,
        change_state,
        {{ money('change_value') }} as change_value,
        reason_code,
        method,
        status,
        criticality,
        {{ units('days_of_supply') }} as days_of_supply,
        {{ units('previous_reorder_point_units') }} as previous_reorder_point_units,
        {{ units('previous_order_up_to_units') }} as previous_order_up_to_units,
        -- as they were written: the next business date goes on from them
        held_change_id,
        held_reorder_point_units,
        held_order_up_to_units,
        held_until_date
    from source

)

select * from typed
