with

made_to_order as (

    select * from {{ ref('int_kpi_mto_measures') }}

),

made_to_stock as (

    select * from {{ ref('int_kpi_measures') }}

),

-- money that is tied for one day earns so much: per year, on either side
measures as (

    select
        made_to_order.scope_type,
        made_to_order.scope_id,
        made_to_order.period,
        made_to_order.window_days,
        made_to_order.period_end_date,
        made_to_order.margin_orders,
        made_to_order.actual_margin * 365 as mto_yearly_margin,
        case when made_to_order.capital_days > 0 then made_to_order.capital_days end as mto_capital_days,
        made_to_stock.priced_lines,
        (made_to_stock.revenue - made_to_stock.priced_cogs) * 365 as mts_yearly_margin,
        case when made_to_stock.value_days > 0 then made_to_stock.value_days end as mts_capital_days
    from made_to_order
    left join made_to_stock
        on
            made_to_order.scope_type = made_to_stock.scope_type
            and made_to_order.scope_id = made_to_stock.scope_id
            and made_to_order.period = made_to_stock.period
            and made_to_order.window_days = made_to_stock.window_days
            and made_to_order.period_end_date = made_to_stock.period_end_date
    where made_to_order.scope_type <> 'segment'

)

select
    {{ kpi_row(
        'mto_return_on_capital',
        numerator="measures.mto_yearly_margin",
        denominator="measures.mto_capital_days",
        n="measures.margin_orders",
        basis="'yearly; booked costs from their day to the delivery, deposits deducted'",
        null_reason="case when coalesce(measures.margin_orders, 0) = 0 then 'no_booked_costs' else 'no_capital_tied' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mts_return_on_capital',
        numerator="measures.mts_yearly_margin",
        denominator="measures.mts_capital_days",
        n="measures.priced_lines",
        basis="'yearly; daily stock at cost'",
        null_reason="case when measures.mts_yearly_margin is null then 'no_priced_sales' else 'no_stock_history' end"
    ) }}
from measures

union all

-- the one ratio of two ratios: both are published beside it, and it is never added up
select
    {{ kpi_row(
        'mto_capital_efficiency',
        numerator="cast(measures.mto_yearly_margin as double) / cast(measures.mto_capital_days as double)",
        denominator="cast(measures.mts_yearly_margin as double) / cast(measures.mts_capital_days as double)",
        n="measures.margin_orders",
        basis="'return on capital made to order per return on capital made to stock'",
        null_reason="'a_return_is_missing'"
    ) }}
from measures
