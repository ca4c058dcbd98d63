with

lines as (

    select * from {{ ref('stg_ims__demand_line') }}

),

sizes as (

    select
        item_id,
        requested_units,
        count(*) as line_count,
        bool_or(demand_type = 'fleet') as has_fleet
    from lines
    group by item_id, requested_units

),

cumulated as (

    select
        item_id,
        requested_units,
        has_fleet,
        sum(line_count) over (
            partition by item_id
            order by requested_units
        ) as lines_up_to,
        sum(line_count) over (partition by item_id) as all_lines
    from sizes

),

-- the quartile of a quantity is the smallest size that a quarter of the lines do not exceed
limits as (

    select
        item_id,
        {{ units('4 * min(requested_units) filter (4 * lines_up_to >= 3 * all_lines)'
            ~ ' - 3 * min(requested_units) filter (4 * lines_up_to >= all_lines)') }} as largest_usual_units
    from cumulated
    group by item_id
    having
        max(requested_units) filter (has_fleet)
        > 4 * min(requested_units) filter (4 * lines_up_to >= 3 * all_lines)
        - 3 * min(requested_units) filter (4 * lines_up_to >= all_lines)

)

select * from limits
