with

source as (

    select * from {{ source('science', 'opt_out__fairness') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        allocation_method,
        breakdown,
        breakdown_value,
        priority_tier,
        segment_id,
        pool_count,
        short_pool_count,
        demand_units,
        served_units,
        unmet_units,
        fill_rate,
        min_fill_rate,
        gini,
        served_value,
        price_of_fairness
    from source

)

select * from chosen
