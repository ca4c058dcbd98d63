with

source as (

    select * from {{ source('science', 'opt_out__policy_input') }}

),

-- numbers stay as they were written: they are calculated with again
chosen as (

    select
        item_id,
        location_id,
        mean_units,
        variance_units2,
        steady_variance_units2,
        protection_days,
        lead_time_days,
        lead_time_sd_days,
        lead_time_sample_count,
        unit_cost,
        holding_rate,
        order_cost,
        shortage_cost,
        review_days,
        display_min_units,
        service_target,
        service_metric,
        planned_service,
        stockout_behaviour,
        moq_units,
        lot_units,
        line_moq_units,
        line_lot_units,
        is_integer,
        is_end_of_life,
        is_last_order,
        demand_decay,
        max_cover_days,
        final_buy_years,
        final_buy_salvage_share,
        model_scope,
        forecast_method,
        forecast_status,
        season_factor,
        event_factor,
        sensed_factor,
        demand_factor,
        is_plan_used,
        service_class,
        class_service_target,
        proposed_reorder_point_units,
        proposed_order_up_to_units,
        calculated_safety_stock_units,
        reorder_point_units,
        order_up_to_units,
        level_basis,
        change_state,
        is_recomputable,
        inputs_hash,
        method,
        status,
        shelf_life_days,
        price_scale,
        logit_shift,
        budget_service,
        forecast_reason,
        model_learnt_date,
        error_run_date,
        plan_version,
        is_plan_approved,
        lead_time_reason,
        expected_late_share,
        perfect_supplier_safety_stock_units,
        reason_code
    from source

)

select * from chosen
