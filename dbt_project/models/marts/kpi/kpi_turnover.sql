with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'inventory_turnover',
        numerator="coalesce(measures.cogs, 0) * 365 / measures.stock_days",
        denominator="measures.counted_value_days / measures.stock_days",
        n="measures.sale_lines",
        basis=annual_basis(),
        null_reason="case when measures.stock_days is null then 'no_stock_history' else 'no_stock' end"
    ) }}
from measures
where measures.scope_type <> 'segment'

union all

select
    {{ kpi_row(
        'days_in_inventory',
        numerator="365 * measures.counted_value_days / measures.stock_days",
        denominator="coalesce(measures.cogs, 0) * 365 / measures.stock_days",
        n="measures.sale_lines",
        basis=annual_basis(),
        null_reason="case when measures.stock_days is null then 'no_stock_history' else 'no_sales' end"
    ) }}
from measures
where measures.scope_type <> 'segment'
