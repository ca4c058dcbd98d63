with

source as (

    select * from {{ source('science', 'opt_out__supply_expectation') }}

),

typed as (

    select
        supply_order_id,
        line_id,
        item_id,
        location_id,
        {{ units('open_units') }} as open_units,
        stated_date,
        expected_date,
        expected_p50_date,
        expected_p90_date,
        is_overdue,
        overdue_days,
        is_counted,
        reason_code,
        method,
        status,
        supplier_id
    from source

)

select * from typed
