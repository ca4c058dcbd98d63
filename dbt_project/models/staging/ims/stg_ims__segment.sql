with

source as (

    select * from {{ source('ims', 'segment') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.segment_id,
        source.segment_name,
        source.priority_tier,
        source.loaded_at,
        {{ rate('source.service_target') }} as service_target,
        coalesce({{ rate('source.ring_fence_share') }}, 0) as ring_fence_share,
        coalesce({{ rate('source.cap_share') }}, 1) as cap_share,
        coalesce({{ rate('source.fair_weight') }}, 1) as fair_weight,
        -- a segment that names no groups stands by itself, on the highest level
        case
            when source.group_0 is null then source.segment_id
            else
                concat_ws(
                    '/',
                    source.group_0,
                    source.group_1,
                    source.group_2,
                    source.group_3,
                    source.group_4,
                    source.group_5,
                    source.group_6,
                    source.group_7
                )
        end as segment_path,
        greatest(
            list_count(
                [
                    source.group_0,
                    source.group_1,
                    source.group_2,
                    source.group_3,
                    source.group_4,
                    source.group_5,
                    source.group_6,
                    source.group_7
                ]
            ),
            1
        ) as group_depth,
        coalesce(source.may_borrow, false) as may_borrow,
        coalesce({{ rate('source.borrow_ratio') }}, 1) as borrow_ratio,
        {{ units('source.borrow_cap_units') }} as borrow_cap_units,
        source.borrow_days,
        coalesce(source.borrow_repays, true) as borrow_repays,
        source.release_after_days
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
