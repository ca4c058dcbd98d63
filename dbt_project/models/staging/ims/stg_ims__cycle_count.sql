with

source as (

    select * from {{ source('ims', 'cycle_count') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.count_id,
        source.item_id,
        source.location_id,
        source.counted_date,
        {{ units('source.counted_units') }} as counted_units,
        source.counted_by,
        source.loaded_at,
        -- who does not say anything of the condition found nothing to say
        coalesce(source.condition, 'sellable') as condition,
        source.unit_id
    from source
    cross join run_context
    where {{ known_at_as_of(['counted_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.count_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
