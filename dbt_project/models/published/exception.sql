with

aged_stock as (

    select * from {{ ref('int_exceptions_aged_stock') }}

),

audit_differences as (

    select * from {{ ref('int_exceptions_audit_differences') }}

),

broken_promises as (

    select * from {{ ref('int_exceptions_broken_promises') }}

),

broken_reservations as (

    select * from {{ ref('int_exceptions_broken_reservations') }}

),

exceeded_capacities as (

    select * from {{ ref('int_exceptions_exceeded_capacities') }}

),

excess as (

    select * from {{ ref('int_exceptions_excess') }}

),

failed_plans as (

    select * from {{ ref('int_exceptions_failed_plans') }}

),

late_orders as (

    select * from {{ ref('int_exceptions_late_orders') }}

),

long_holds as (

    select * from {{ ref('int_exceptions_long_holds') }}

),

no_suppliers as (

    select * from {{ ref('int_exceptions_no_suppliers') }}

),

open_gaps as (

    select * from {{ ref('int_exceptions_open_gaps') }}

),

order_conflicts as (

    select * from {{ ref('int_exceptions_order_conflicts') }}

),

over_promises as (

    select * from {{ ref('int_exceptions_over_promises') }}

),

overdue_supply as (

    select * from {{ ref('int_exceptions_overdue_supply') }}

),

pending_changes as (

    select * from {{ ref('int_exceptions_pending_changes') }}

),

quarantined_rows as (

    select * from {{ ref('int_exceptions_quarantined_rows') }}

),

refused_consumption as (

    select * from {{ ref('int_exceptions_refused_consumption') }}

),

silent_orders as (

    select * from {{ ref('int_exceptions_silent_orders') }}

),

stock_outs as (

    select * from {{ ref('int_exceptions_stock_outs') }}

),

stuck_orders as (

    select * from {{ ref('int_exceptions_stuck_orders') }}

),

unbalanced_stock as (

    select * from {{ ref('int_exceptions_unbalanced_stock') }}

),

unbuildable_orders as (

    select * from {{ ref('int_exceptions_unbuildable_orders') }}

),

unmatched_units as (

    select * from {{ ref('int_exceptions_unmatched_units') }}

),

unmet_needs as (

    select * from {{ ref('int_exceptions_unmet_needs') }}

),

unmet_segments as (

    select * from {{ ref('int_exceptions_unmet_segments') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

exceptions as (

    select * from aged_stock
    union all
    select * from audit_differences
    union all
    select * from broken_promises
    union all
    select * from broken_reservations
    union all
    select * from exceeded_capacities
    union all
    select * from excess
    union all
    select * from failed_plans
    union all
    select * from late_orders
    union all
    select * from long_holds
    union all
    select * from no_suppliers
    union all
    select * from open_gaps
    union all
    select * from order_conflicts
    union all
    select * from over_promises
    union all
    select * from overdue_supply
    union all
    select * from pending_changes
    union all
    select * from quarantined_rows
    union all
    select * from refused_consumption
    union all
    select * from silent_orders
    union all
    select * from stock_outs
    union all
    select * from stuck_orders
    union all
    select * from unbalanced_stock
    union all
    select * from unbuildable_orders
    union all
    select * from unmatched_units
    union all
    select * from unmet_needs
    union all
    select * from unmet_segments

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
