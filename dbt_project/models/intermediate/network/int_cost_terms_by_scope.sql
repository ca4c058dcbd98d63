with

cost_parameters as (

    select * from {{ ref('stg_ims__cost_parameter') }}

),

-- the newest value of each parameter and scope that holds at the business date
current_parameters as (

    select
        scope,
        parameter,
        parameter_value
    from cost_parameters
    qualify row_number() over (
        partition by scope, parameter
        order by effective_from desc, loaded_at desc
    ) = 1

),

-- a carrying-cost rate is stated as one number or as its parts, never counted as both
terms as (

    select
        scope,
        coalesce(
            max(parameter_value) filter (parameter = 'holding_rate'),
            sum(parameter_value) filter (
                parameter in ('wacc', 'storage', 'insurance', 'tax', 'shrink', 'obsolescence')
            )
        ) as holding_rate,
        max(parameter_value) filter (parameter = 'order_cost') as order_cost,
        max(parameter_value) filter (parameter = 'backorder_cost') as shortage_cost
    from current_parameters
    group by scope

)

select
    scope,
    {{ rate('holding_rate') }} as holding_rate,
    {{ money('order_cost') }} as order_cost,
    {{ money('shortage_cost') }} as shortage_cost
from terms
