with

rules as (

    select * from {{ ref('stg_ims__configuration_rule') }}

)

select
    rule_id,
    rule_version,
    rule_type,
    then_options,
    -- a rule without a condition holds always
    nullif(if_options, '') as if_options,
    market,
    model,
    effective_from,
    effective_to,
    message
from rules
-- a rule about no option says nothing
where then_options <> ''
