{% set kinds = [
    'aged_stock', 'audit_differences', 'broken_promises', 'broken_reservations', 'ending_overrides',
    'exceeded_capacities',
    'excess', 'failed_plans', 'forecast_drifts', 'late_orders', 'long_holds', 'market_changes', 'moq_excess',
    'no_suppliers', 'open_gaps', 'option_endings', 'order_conflicts', 'over_promises', 'overdue_supply',
    'pending_changes', 'quarantined_rows', 'refused_consumption', 'silent_orders', 'stale_feeds',
    'stock_outs', 'stuck_orders', 'unbalanced_stock', 'unbuildable_orders', 'unmatched_units',
    'unmet_needs', 'unmet_segments',
] %}
with

kinds as (

    select * from {{ ref('int_exception_kinds') }}

),

-- a kind that no plan cures has no column handled_by
exceptions as (

    {% for kind in kinds %}
        select * from {{ ref('int_exceptions_' ~ kind) }}
        {% if not loop.last %}union all by name{% endif %}
    {% endfor %}

)

select
    -- hashes of the same text on every day: what may change from day to day stays out
    left(
        md5(
            concat_ws(
                '|',
                exceptions.exception_type,
                coalesce(exceptions.item_id, ''),
                coalesce(exceptions.location_id, ''),
                case when kinds.is_reason_in_id then exceptions.reason_code end
            )
        ),
        16
    ) as exception_id,
    left(
        md5(
            concat_ws(
                '|',
                kinds.cause_family,
                case
                    when kinds.cause_scope = 'reason' then exceptions.reason_code
                    else coalesce(exceptions.item_id, '') || '|' || coalesce(exceptions.location_id, '')
                end
            )
        ),
        16
    ) as cause_id,
    kinds.cause_family,
    kinds.owner_role,
    kinds.is_always_look,
    kinds.is_told_weekly,
    exceptions.exception_type,
    exceptions.severity,
    exceptions.item_id,
    exceptions.location_id,
    {{ money('exceptions.value_at_risk') }} as value_at_risk,
    exceptions.quantity_units,
    exceptions.reason_code,
    exceptions.detail,
    exceptions.suggested_action,
    cast(exceptions.handled_by as varchar) as handled_by
from exceptions
left join kinds on exceptions.exception_type = kinds.exception_type
