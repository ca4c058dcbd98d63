with

presence as (

    select * from {{ ref('stg_ims__source_presence') }}

)

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
