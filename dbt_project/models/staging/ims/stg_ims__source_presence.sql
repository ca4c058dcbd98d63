with

source as (

    select * from {{ source('ims', 'source_presence') }}

),

chosen as (

    select
        table_name,
        column_name,
        is_present,
        is_mandatory,
        disabled_feature,
        snapshot_rows,
        quarantined_rows,
        unproven_columns
    from source

)

select * from chosen
