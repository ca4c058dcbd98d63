with

capabilities as (

    select * from {{ ref('fct_capability') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    capabilities.feature,
    capabilities.table_name,
    capabilities.column_name,
    capabilities.status,
    capabilities.missing_table,
    capabilities.missing_column,
    capabilities.detail
from capabilities
cross join run_context
