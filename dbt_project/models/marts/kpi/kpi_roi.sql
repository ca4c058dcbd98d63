with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'roi_net',
        numerator="(measures.revenue - measures.priced_cogs - measures.yearly_cost_days / 365) * 365 / measures.stock_days",
        denominator="measures.value_days / measures.stock_days",
        n="measures.priced_lines",
        basis=annual_basis(),
        null_reason="case when measures.stock_days is null then 'no_stock_history' when coalesce(measures.sale_lines, 0) = 0 then 'no_sales' when measures.revenue is null then 'price_not_recorded' else 'no_stock' end"
    ) }}
from measures
where measures.scope_type <> 'segment'
