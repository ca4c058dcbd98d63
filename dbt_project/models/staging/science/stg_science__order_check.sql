with

source as (

    select * from {{ source('science', 'opt_out__order_check') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        check_number,
        check_kind,
        message,
        reason_code,
        rule_id,
        rule_version,
        rule_type,
        involved_options,
        added_options,
        removed_options,
        price_delta
    from source

)

select * from chosen
