with

measures as (

    select * from {{ ref('int_kpi_mto_measures') }}

)

select
    {{ kpi_row(
        'mto_pricing_accuracy',
        numerator="measures.explained_price_orders",
        denominator="measures.priced_orders",
        n="measures.priced_orders",
        basis="'agreed changes taken out, within " ~ 100 * var('mto_price_tolerance_share') ~ " % of the quote'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_final_price' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_pricing_accuracy_with_changes',
        numerator="measures.kept_price_orders",
        denominator="measures.priced_orders",
        n="measures.priced_orders",
        basis="'agreed changes left in, within " ~ 100 * var('mto_price_tolerance_share') ~ " % of the quote'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_final_price' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_price_error',
        numerator="measures.unexplained_price_error",
        denominator="measures.quoted_price",
        n="measures.priced_orders",
        basis="'agreed changes taken out, per quoted price'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_final_price' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'mto_price_error_with_changes',
        numerator="measures.price_error",
        denominator="measures.quoted_price",
        n="measures.priced_orders",
        basis="'agreed changes left in, per quoted price'",
        null_reason="case when measures.confirmed_orders is null then 'no_mto_orders' else 'no_final_price' end"
    ) }}
from measures
