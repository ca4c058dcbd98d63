with

source as (

    select * from {{ source('science', 'opt_out__approval') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        event_id,
        ledger_seq,
        event_at,
        business_date,
        subject_type,
        subject,
        decided_what,
        actor,
        actor_role,
        is_effective,
        item_id,
        location_id,
        author,
        content_hash,
        comment,
        refusal_reason,
        recorded_by
    from source

)

select * from chosen
