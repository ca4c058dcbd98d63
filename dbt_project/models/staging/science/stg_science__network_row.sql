with

source as (

    select * from {{ source('science', 'opt_out__network_row') }}

),

typed as (

    select
        row_family,
        row_key,
        {{ units('row_capacity') }} as row_capacity,
        {{ units('row_use_before') }} as row_use_before,
        {{ units('row_use_after') }} as row_use_after,
        {{ money('row_price') }} as row_price,
        {{ units('row_slack') }} as row_slack,
        {{ money('row_slack_price') }} as row_slack_price,
        is_binding,
        reason_code,
        method,
        status
    from source

)

select * from typed
