with

source as (

    select * from {{ source('history', 'ledger__state') }}

),

typed as (

    select
        ledger_head,
        ledger_events,
        is_intact,
        fault
    from source

)

select * from typed
