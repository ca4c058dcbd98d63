with

options as (

    select * from {{ ref('stg_ims__config_option') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- the price of today: of those that hold, the one that began last
prices as (

    select
        prices.option_id,
        prices.option_price,
        prices.effective_from as price_from
    from {{ ref('stg_ims__option_price') }} as prices
    cross join run_context
    where
        prices.effective_from <= run_context.as_of
        and (prices.effective_to is null or prices.effective_to >= run_context.as_of)
    qualify row_number() over (
        partition by prices.option_id
        order by prices.effective_from desc
    ) = 1

)

select
    options.option_id,
    options.option_family,
    options.option_name,
    -- an option that states no class is of that of its family
    coalesce(
        options.lead_time_class,
        case
            when options.option_family in ('accessibility', 'commercial', 'export', 'prototype')
                then 'special'
            when options.option_family in ('performance', 'technology', 'comfort', 'appearance')
                then 'advanced'
            else 'standard'
        end
    ) as lead_time_class,
    prices.option_price,
    prices.price_from,
    options.effective_from,
    options.effective_to,
    options.change_cutoff_milestone,
    options.material_lead_days
from options
left join prices on options.option_id = prices.option_id
