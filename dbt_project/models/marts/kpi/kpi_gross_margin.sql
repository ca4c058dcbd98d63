with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'gross_margin',
        numerator="measures.revenue - measures.priced_cogs",
        n="measures.priced_lines",
        basis="'shipped lines with a price'",
        null_reason="case when coalesce(measures.sale_lines, 0) = 0 then 'no_sales' when measures.revenue is null then 'price_not_recorded' else 'no_revenue' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'gross_margin_rate',
        numerator="measures.revenue - measures.priced_cogs",
        denominator="measures.revenue",
        n="measures.priced_lines",
        basis="'shipped lines with a price'",
        null_reason="case when coalesce(measures.sale_lines, 0) = 0 then 'no_sales' when measures.revenue is null then 'price_not_recorded' else 'no_revenue' end"
    ) }}
from measures
