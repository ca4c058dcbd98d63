with

presence as (

    select * from {{ ref('stg_ims__source_presence') }}

),

-- a table names its features in one text, separated by semicolons
features as (

    select
        table_name,
        column_name,
        is_present,
        snapshot_rows,
        quarantined_rows,
        unnest(string_split(disabled_feature, '; ')) as feature
    from presence
    where disabled_feature is not null

),

tables as (

    select
        table_name,
        is_present
    from presence
    where column_name = '*'

),

judged as (

    select
        features.feature,
        features.table_name,
        features.column_name,
        features.snapshot_rows,
        features.quarantined_rows,
        coalesce(tables.is_present, false) as is_table_present,
        case
            when not features.is_present then 'unavailable'
            when features.snapshot_rows = 0 or features.quarantined_rows > 0 then 'partly'
            else 'available'
        end as status
    from features
    left join tables on features.table_name = tables.table_name

)

select
    feature,
    table_name,
    column_name,
    status,
    case when not is_table_present then table_name end as missing_table,
    case when is_table_present and status = 'unavailable' then column_name end as missing_column,
    case
        when not is_table_present then 'The source has no table ' || table_name || '.'
        when status = 'unavailable'
            then 'The source has no column ' || column_name || ' in ' || table_name || '.'
        when snapshot_rows = 0 then 'The table ' || table_name || ' is there but holds no row.'
        when status = 'partly' then quarantined_rows || ' rows of ' || table_name || ' were set aside.'
        else 'Complete.'
    end as detail
from judged
