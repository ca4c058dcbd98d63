with

source as (

    select * from {{ source('science', 'opt_out__rule_check') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        market,
        model,
        from_date,
        rule_check_kind,
        option_id,
        message,
        reason_code,
        conflicting_rules
    from source

)

select * from chosen
