with

source as (

    select * from {{ source('ims', 'scorecard_note') }}

),

chosen as (

    select
        note_subject,
        note_number,
        observation,
        decision,
        owner,
        due_date
    from source

)

select * from chosen
