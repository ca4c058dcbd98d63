with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'stockout_rate',
        numerator="measures.empty_item_location_days",
        denominator="measures.ranged_item_location_days",
        n="measures.ranged_item_location_days",
        basis="'ranged item-location-days without stock'",
        null_reason="'no_stock_history'"
    ) }}
from measures
where measures.scope_type <> 'segment'
