{%- set evidence -%}
select
    replenishment_order_id,
    supplier_id,
    replenish_units,
    moq_scope,
    moq_units,
    lot_units,
    case_pack_units,
    moq_units is not null and lot_units is not null and case_pack_units is not null as is_stated,
    (moq_scope <> 'line' or replenish_units >= moq_units - 0.000001) is not false
    and (abs(replenish_units - lot_units * round(replenish_units / lot_units)) < 0.000001) is not false
    and (
        abs(replenish_units - case_pack_units * round(replenish_units / case_pack_units)) < 0.000001
    ) is not false as is_kept
from replenishment_order
{%- endset -%}

with

replenishment_order as (

    select * from {{ ref('replenishment_order') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

-- the share of orders that keep every constraint stated; nearly all have to state theirs
judged as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_kept)', 'count(*)') }} as value,
        bool_and(is_kept)
        and count(*) filter (is_stated) >= {{ var('scorecard_constraint_share') }} * count(*) as is_met,
        {{ missing_evidence('replenishment_order', [
            'moq_units', 'lot_units', 'case_pack_units'
        ]) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(8, 'replenishment_order', evidence, 1, 'share') }}
from judged
