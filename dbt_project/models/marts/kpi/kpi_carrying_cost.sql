with

measures as (

    select * from {{ ref('int_kpi_measures') }}

)

select
    {{ kpi_row(
        'carrying_cost',
        numerator="measures.yearly_cost_days / 365",
        n="measures.stock_days",
        basis="'daily stock at cost times yearly rate'",
        null_reason="'no_stock_history'"
    ) }}
from measures
where measures.scope_type <> 'segment'

union all

select
    {{ kpi_row(
        'carrying_cost_rate',
        numerator="measures.yearly_cost_days",
        denominator="measures.value_days",
        n="measures.stock_days",
        basis="'yearly'",
        null_reason="case when measures.stock_days is null then 'no_stock_history' else 'no_stock' end"
    ) }}
from measures
where measures.scope_type <> 'segment'
