with

conflicts as (

    select * from {{ ref('fct_order_conflicts') }}

),

-- one of them is told by name, the others by their number
counted as (

    select
        table_name,
        reason_code,
        count(*) as row_count,
        min(row_key) as first_key,
        arg_min(detail, row_key) as first_detail
    from conflicts
    group by table_name, reason_code

)

select
    'source_conflict' as exception_type,
    'low' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    0 as value_at_risk,
    {{ units('row_count') }} as quantity_units,
    table_name || '_' || reason_code as reason_code,
    row_count || ' rows of ' || table_name || ', the first of them ' || first_key || ': ' || first_detail
        as detail,
    'Correct the rows at the source; the day goes on without them.' as suggested_action
from counted
