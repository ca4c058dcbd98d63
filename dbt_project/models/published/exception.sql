with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

positions as (

    select * from {{ ref('int_inventory_positions_netted') }}

),

policies as (

    select * from {{ ref('stg_science__policy') }}

),

protection as (

    select * from {{ ref('stg_science__protection_demand') }}

),

plans as (

    select * from {{ ref('stg_science__position_plan') }}

),

capacities as (

    select * from {{ ref('stg_science__network_row') }}

),

network_runs as (

    select * from {{ ref('stg_science__network_solver_run') }}

),

allocations as (

    select * from {{ ref('stg_science__allocation') }}

),

entries as (

    select * from {{ ref('stg_science__allocation_entry') }}

),

audit_levels as (

    select * from {{ ref('fct_audit_level') }}

),

audit_valuations as (

    select * from {{ ref('fct_audit_valuation') }}

),

supply as (

    select * from {{ ref('stg_science__supply_expectation') }}

),

ageing_units as (

    select * from {{ ref('fct_ageing_units') }}

),

ageing_layers as (

    select * from {{ ref('fct_ageing_layers') }}

),

balance_differences as (

    select * from {{ ref('fct_balance_check') }}

),

unit_counts as (

    select * from {{ ref('int_units_reconciled') }}

),

presence as (

    select * from {{ ref('stg_ims__source_presence') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- one row per planned item-location with everything that the rules below compare
planned as (

    select
        places.item_id,
        places.location_id,
        places.unit_cost,
        places.shortage_cost,
        places.supplier_id,
        positions.on_hand_units,
        positions.on_hand_units - positions.reserved_units as available_units,
        positions.inventory_position_units,
        positions.backorder_units,
        positions.next_expected_date,
        coalesce(protection.mean_units, 0) as protection_demand_units,
        coalesce(protection.mean_units / protection.protection_days, 0) as demand_per_day_units,
        policies.reorder_point_units,
        policies.order_up_to_units,
        policies.change_state,
        policies.change_value,
        policies.reason_code as policy_reason_code,
        coalesce(plans.position_after_units, positions.inventory_position_units) as position_after_units,
        coalesce(plans.reason_code, 'not_planned') as plan_reason_code
    from policies
    inner join places
        on policies.item_id = places.item_id and policies.location_id = places.location_id
    inner join positions
        on policies.item_id = positions.item_id and policies.location_id = positions.location_id
    left join protection
        on policies.item_id = protection.item_id and policies.location_id = protection.location_id
    left join plans
        on policies.item_id = plans.item_id and policies.location_id = plans.location_id

),

stock_outs as (

    select
        'stock_out' as exception_type,
        'high' as severity,
        item_id,
        location_id,
        {{ amount('protection_demand_units', 'shortage_cost') }} as value_at_risk,
        protection_demand_units as quantity_units,
        'none_available' as reason_code,
        'Nothing available; '
        || coalesce('supply expected ' || next_expected_date, 'no supply on its way')
        || '.' as detail,
        case
            when position_after_units > inventory_position_units
                then 'Release the order or transfer proposed today.'
            else 'Hurry open supply, or move stock from another location.'
        end as suggested_action
    from planned
    where
        available_units <= 0
        and protection_demand_units > 0
        -- missing is what somebody waits for, or what the policy stocks and will be asked for: an item
        -- that sells less than one unit before supply can arrive is empty most of the time
        and (
            backorder_units > 0
            or order_up_to_units > 0 and protection_demand_units >= {{ var('stock_out_least_demand_units') }}
        )

),

unmet_needs as (

    select
        'unmet_need' as exception_type,
        'high' as severity,
        item_id,
        location_id,
        {{ amount('reorder_point_units - position_after_units', 'shortage_cost') }} as value_at_risk,
        reorder_point_units - position_after_units as quantity_units,
        plan_reason_code as reason_code,
        'After the plan the position is ' || {{ shown('position_after_units') }}
        || ', still below the reorder point ' || {{ shown('reorder_point_units') }} || '.' as detail,
        'Decide which need goes unmet, or widen supply, capacity or budget.' as suggested_action
    from planned
    where position_after_units < reorder_point_units

),

excess as (

    select
        'excess' as exception_type,
        'medium' as severity,
        item_id,
        location_id,
        {{ amount('least(on_hand_units, inventory_position_units - order_up_to_units)', 'unit_cost') }}
            as value_at_risk,
        least(on_hand_units, inventory_position_units - order_up_to_units) as quantity_units,
        'position_far_above_order_up_to' as reason_code,
        'Position ' || {{ shown('inventory_position_units') }} || ' against order-up-to '
        || {{ shown('order_up_to_units') }} || '.' as detail,
        'Move it where it sells, return it, or stop what is on order.' as suggested_action
    from planned
    where
        on_hand_units > 0
        and inventory_position_units > order_up_to_units * {{ var('excess_factor') }}
        and inventory_position_units > demand_per_day_units * {{ var('excess_cover_days') }}

),

pending_changes as (

    select
        'policy_change_pending' as exception_type,
        'medium' as severity,
        item_id,
        location_id,
        abs(change_value) as value_at_risk,
        cast(null as decimal(18, 3)) as quantity_units,
        policy_reason_code as reason_code,
        'A changed policy waits for approval.' as detail,
        'Approve or reject the change in policy_change.' as suggested_action
    from planned
    where change_state = 'proposed'

),

no_suppliers as (

    select
        'no_supplier' as exception_type,
        'high' as severity,
        item_id,
        location_id,
        {{ amount('protection_demand_units', 'shortage_cost') }} as value_at_risk,
        protection_demand_units as quantity_units,
        'no_supply_terms' as reason_code,
        'No supplier is stated for this item at this location.' as detail,
        'Add a row to item_supplier, or stop ranging the item.' as suggested_action
    from planned
    where supplier_id = 'UNASSIGNED' and protection_demand_units > 0

),

overdue_supply as (

    select
        'overdue_supply' as exception_type,
        case when supply.is_counted then 'medium' else 'high' end as severity,
        supply.item_id,
        supply.location_id,
        sum({{ amount('supply.open_units', 'places.unit_cost') }}) as value_at_risk,
        sum(supply.open_units) as quantity_units,
        case when supply.is_counted then 'overdue_still_counted' else 'overdue_not_counted' end
            as reason_code,
        'Overdue order lines: ' || count(*) || '; the oldest by ' || max(supply.overdue_days)
        || ' days; the next as likely here by ' || min(supply.expected_p50_date) || ' as not.' as detail,
        case
            when supply.is_counted then 'Ask the supplier for a date; close what will not come.'
            else 'It no longer nets against need: have the date confirmed, or close the line.'
        end as suggested_action
    from supply
    inner join places
        on supply.item_id = places.item_id and supply.location_id = places.location_id
    where supply.is_overdue
    group by supply.item_id, supply.location_id, supply.is_counted

),

aged as (

    select
        item_id,
        location_id,
        unit_cost as on_hand_value,
        1 as on_hand_units,
        age_days
    from ageing_units
    union all
    select
        item_id,
        location_id,
        layer_value as on_hand_value,
        layer_units as on_hand_units,
        age_days
    from ageing_layers

),

aged_stock as (

    select
        'aged_stock' as exception_type,
        'medium' as severity,
        item_id,
        location_id,
        sum(on_hand_value) as value_at_risk,
        sum(on_hand_units) as quantity_units,
        'older_than_{{ var("aged_after_days") }}_days' as reason_code,
        'The oldest has been in the network for ' || max(age_days) || ' days.' as detail,
        'Move it where it sells, or mark it down.' as suggested_action
    from aged
    where age_days > {{ var('aged_after_days') }}
    group by item_id, location_id

),

-- what segments share: an item-location, or an item at all locations, at the dearest shortage of them
pools as (

    select
        item_id,
        location_id,
        shortage_cost,
        available_units
    from planned
    union all
    select
        item_id,
        '*' as location_id,
        max(shortage_cost) as shortage_cost,
        sum(available_units) as available_units
    from planned
    group by item_id

),

unmet_segments as (

    select
        'segment_unmet' as exception_type,
        'medium' as severity,
        allocations.item_id,
        allocations.location_id,
        sum({{ amount('allocations.unmet_units', 'pools.shortage_cost') }}) as value_at_risk,
        sum({{ units('allocations.unmet_units') }}) as quantity_units,
        'pool_too_small' as reason_code,
        'Short: ' || string_agg(allocations.segment_id, ', ' order by allocations.segment_id) || '.'
            as detail,
        'Replenish, or change the guarantees of the segments.' as suggested_action
    from allocations
    inner join pools
        on allocations.item_id = pools.item_id and allocations.location_id = pools.location_id
    -- where nothing is available the stock-out says it all
    where allocations.unmet_units > 0 and pools.available_units > 0
    group by allocations.item_id, allocations.location_id

),

refused_consumption as (

    select
        'oversell_rejected' as exception_type,
        'high' as severity,
        entries.item_id,
        entries.location_id,
        sum({{ amount('entries.units', 'pools.shortage_cost') }}) as value_at_risk,
        sum({{ units('entries.units') }}) as quantity_units,
        'beyond_quota_and_loan' as reason_code,
        'Refused: ' || count(*) || ' orders or reservations of '
        || string_agg(
            distinct coalesce(entries.segment_id, 'POOL'), ', ' order by coalesce(entries.segment_id, 'POOL')
        )
        || ', beyond their quota and what they may borrow.' as detail,
        'Give the segment more by a reallocation, replenish, or decline the order.' as suggested_action
    from entries
    inner join pools
        on entries.item_id = pools.item_id and entries.location_id = pools.location_id
    where
        entries.entry_status = 'rejected'
        and entries.operation in ('consume', 'reserve')
        and entries.reason_code in ('BEYOND_ALLOWANCE', 'QUOTA_SHORT', 'POOL_SHORT')
    group by entries.item_id, entries.location_id

),

audited as (

    select
        item_id,
        location_id,
        difference_units,
        difference_value,
        reason_code,
        detail
    from audit_levels
    where audit_status = 'difference'
    union all
    select
        item_id,
        location_id,
        difference_units,
        difference_value,
        reason_code,
        detail
    from audit_valuations
    where audit_status = 'difference'

),

audit_differences as (

    select
        'audit_difference' as exception_type,
        'medium' as severity,
        item_id,
        location_id,
        sum(difference_value) as value_at_risk,
        sum(difference_units) as quantity_units,
        reason_code,
        min(detail) || case when count(*) > 1 then ' And ' || (count(*) - 1) || ' more.' else '' end
            as detail,
        'Count again, then correct the stock or the books.' as suggested_action
    from audited
    group by item_id, location_id, reason_code
    having sum(difference_value) >= {{ var('audit_exception_value') }}

),

unbalanced_stock as (

    select
        'stock_not_balanced' as exception_type,
        'medium' as severity,
        item_id,
        location_id,
        difference_value as value_at_risk,
        difference_units as quantity_units,
        'movements_differ_from_stock' as reason_code,
        'Movements add up to ' || {{ shown('movement_units') }} || ', the stock table says '
        || {{ shown('stock_units') }} || '.' as detail,
        'Count the item, or find the movement that is missing.' as suggested_action
    from balance_differences

),

unmatched_units as (

    select
        'units_not_matching_stock' as exception_type,
        'medium' as severity,
        unit_counts.item_id,
        unit_counts.location_id,
        {{ amount('abs(unit_counts.difference_units)', 'places.unit_cost') }} as value_at_risk,
        unit_counts.difference_units as quantity_units,
        'unit_count_differs_from_stock' as reason_code,
        unit_counts.unit_count || ' units are listed, the stock table says '
        || {{ shown('unit_counts.stock_units') }} || '.' as detail,
        'Find the unit that is missing or listed twice.' as suggested_action
    from unit_counts
    inner join places
        on unit_counts.item_id = places.item_id and unit_counts.location_id = places.location_id
    where unit_counts.difference_units <> 0

),

exceeded_capacities as (

    select
        'capacity_exceeded' as exception_type,
        'high' as severity,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        {{ amount('row_slack', 'row_price') }} as value_at_risk,
        cast(null as decimal(18, 3)) as quantity_units,
        row_family || ' ' || row_key as reason_code,
        'The plan uses ' || {{ shown('row_use_after') }} || ' of ' || {{ shown('row_capacity') }} || ' of '
        || row_family || ' ' || row_key || '; ' || {{ shown('row_use_before') }}
        || ' were in use before anything was decided.' as detail,
        'Widen the capacity for the day, or take from the plan what may wait.' as suggested_action
    from capacities
    where row_slack > 0

),

failed_plans as (

    select
        'plan_fallback' as exception_type,
        'high' as severity,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        0 as value_at_risk,
        cast(null as decimal(18, 3)) as quantity_units,
        'solver_status_' || lower(solver_status) as reason_code,
        'The network model has no plan of its own; the orders are the policy''s.'
        || coalesce(' ' || detail, '') as detail,
        'Read solver_run; repair what it names and run the day again.' as suggested_action
    from network_runs
    where solver_status = 'FALLBACK'

),

open_gaps as (

    select
        'plan_gap_open' as exception_type,
        'medium' as severity,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        {{ amount('objective - objective_bound', '1') }} as value_at_risk,
        cast(null as decimal(18, 3)) as quantity_units,
        'solver_status_gap_open' as reason_code,
        'The network plan is proven to ' || {{ shown('100 * relative_gap') }}
        || ' % of the best possible only, which is more than the setting allows.' as detail,
        'Use the plan; raise network.max_relative_gap if this is good enough.' as suggested_action
    from network_runs
    where solver_status = 'GAP_OPEN'

),

quarantined_rows as (

    select
        'rows_quarantined' as exception_type,
        'low' as severity,
        cast(null as varchar) as item_id,
        cast(null as varchar) as location_id,
        0 as value_at_risk,
        cast(quarantined_rows as decimal(18, 3)) as quantity_units,
        'quarantined_' || table_name as reason_code,
        quarantined_rows || ' rows of ' || table_name || ' were set aside.' as detail,
        'Repair the rows at the source; the table quarantine names row, rule and value.'
            as suggested_action
    from presence
    where column_name = '*' and quarantined_rows > 0

),

exceptions as (

    select * from stock_outs
    union all
    select * from unmet_needs
    union all
    select * from excess
    union all
    select * from pending_changes
    union all
    select * from no_suppliers
    union all
    select * from overdue_supply
    union all
    select * from aged_stock
    union all
    select * from unmet_segments
    union all
    select * from refused_consumption
    union all
    select * from audit_differences
    union all
    select * from unbalanced_stock
    union all
    select * from unmatched_units
    union all
    select * from exceeded_capacities
    union all
    select * from failed_plans
    union all
    select * from open_gaps
    union all
    select * from quarantined_rows

),

identified as (

    select
        left(
            md5(
                concat_ws('|', exception_type, coalesce(item_id, ''), coalesce(location_id, ''), reason_code)
            ),
            16
        ) as exception_id,
        exception_type,
        severity,
        item_id,
        location_id,
        {{ money('value_at_risk') }} as value_at_risk,
        quantity_units,
        reason_code,
        detail,
        suggested_action
    from exceptions

)

select
    run_context.as_of,
    row_number() over (
        order by identified.value_at_risk desc, identified.exception_id asc
    ) as exception_rank,
    identified.exception_id,
    identified.exception_type,
    identified.severity,
    identified.item_id,
    identified.location_id,
    cast(identified.value_at_risk as double) as value_at_risk,
    cast(identified.quantity_units as double) as quantity_units,
    identified.reason_code,
    identified.detail,
    identified.suggested_action
from identified
cross join run_context
