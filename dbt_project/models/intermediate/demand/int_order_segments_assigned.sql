{{ config(materialized='view') }}

with

lines as (

    select * from {{ ref('stg_ims__demand_line') }}

),

memberships as (

    select * from {{ ref('stg_ims__segment_membership') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

locations as (

    select * from {{ ref('stg_ims__location') }}

),

segments as (

    select segment_id from {{ ref('stg_ims__segment') }}
    union
    select 'POOL' as segment_id

),

-- a version of a rule holds until the next one begins
rules as (

    select
        rule_id,
        rule_version,
        rule_rank,
        segment_id,
        channel,
        customer_type,
        order_priority,
        region,
        category,
        item_id,
        effective_from,
        effective_to,
        min(coalesce(effective_from, date '1900-01-01')) over (
            partition by rule_id
            order by rule_version
            rows between 1 following and unbounded following
        ) as replaced_from
    from {{ ref('stg_ims__segment_rule') }}

),

-- lines that name no segment, or none that is known
unstated as (

    select
        lines.order_id,
        lines.line_id,
        lines.order_date,
        lines.customer_id,
        lines.channel,
        lines.customer_type,
        lines.order_priority,
        lines.item_id,
        items.category,
        locations.region
    from lines
    left join segments on lines.segment_id = segments.segment_id
    left join items on lines.item_id = items.item_id
    left join locations on lines.location_id = locations.location_id
    where segments.segment_id is null

),

newest_memberships as (

    select
        unstated.order_id,
        unstated.line_id,
        unstated.order_date,
        memberships.customer_id,
        memberships.segment_id,
        memberships.effective_from,
        memberships.effective_to
    from unstated
    inner join memberships
        on
            unstated.customer_id = memberships.customer_id
            and unstated.order_date >= memberships.effective_from
    qualify row_number() over (
        partition by unstated.order_id, unstated.line_id
        order by memberships.effective_from desc
    ) = 1

),

by_membership as (

    select
        newest_memberships.order_id,
        newest_memberships.line_id,
        newest_memberships.segment_id,
        'MEMBERSHIP:' || newest_memberships.customer_id || ' since ' || newest_memberships.effective_from
            as segment_reason
    from newest_memberships
    inner join segments on newest_memberships.segment_id = segments.segment_id
    where
        newest_memberships.effective_to is null
        or newest_memberships.order_date <= newest_memberships.effective_to

),

by_rule as (

    select
        unstated.order_id,
        unstated.line_id,
        rules.segment_id,
        'RULE:' || rules.rule_id || ' v' || rules.rule_version as segment_reason
    from unstated
    inner join rules
        on
            (rules.effective_from is null or unstated.order_date >= rules.effective_from)
            and (rules.effective_to is null or unstated.order_date <= rules.effective_to)
            and (rules.replaced_from is null or unstated.order_date < rules.replaced_from)
            and (rules.channel is null or unstated.channel = rules.channel)
            and (rules.customer_type is null or unstated.customer_type = rules.customer_type)
            and (rules.order_priority is null or unstated.order_priority = rules.order_priority)
            and (rules.region is null or unstated.region = rules.region)
            and (rules.category is null or unstated.category = rules.category)
            and (rules.item_id is null or unstated.item_id = rules.item_id)
    inner join segments on rules.segment_id = segments.segment_id
    qualify row_number() over (
        partition by unstated.order_id, unstated.line_id
        order by rules.rule_rank, rules.rule_id
    ) = 1

),

assigned as (

    select
        lines.order_id,
        lines.line_id,
        lines.item_id,
        lines.location_id,
        lines.order_date,
        lines.requested_date,
        lines.requested_units,
        coalesce(segments.segment_id, by_membership.segment_id, by_rule.segment_id, 'POOL') as segment_id,
        case
            when segments.segment_id is not null then 'STATED'
            else
                case
                    when lines.segment_id is not null then 'UNKNOWN_SEGMENT:' || lines.segment_id || ' '
                    else ''
                end
                || coalesce(by_membership.segment_reason, by_rule.segment_reason, 'NO_RULE')
        end as segment_reason,
        lines.filled_at_request_units,
        lines.shipped_units,
        lines.shipped_date,
        lines.delivered_date,
        lines.cancelled_date,
        lines.cancel_reason,
        lines.unit_price,
        lines.unit_cost,
        lines.unit_id,
        lines.is_lost_sale,
        lines.demand_type,
        lines.basis
    from lines
    left join segments on lines.segment_id = segments.segment_id
    left join by_membership
        on lines.order_id = by_membership.order_id and lines.line_id = by_membership.line_id
    left join by_rule on lines.order_id = by_rule.order_id and lines.line_id = by_rule.line_id

)

select * from assigned
