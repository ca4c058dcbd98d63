with

source as (

    select * from {{ source('science', 'opt_out__review_calendar') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        cycle_number,
        cycle_start_date,
        cycle_end_date,
        grace_end_date,
        review_state,
        completed_date,
        completed_by,
        days_late,
        comment
    from source

)

select * from chosen
