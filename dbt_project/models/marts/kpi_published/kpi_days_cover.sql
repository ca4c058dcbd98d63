with

forecasts as (

    select * from {{ ref('stg_science__forecast') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

stock as (

    select * from {{ ref('int_kpi_plan_now') }}

),

expected as (

    select
        places.location_id,
        coalesce(places.region, 'unknown') as region,
        coalesce(places.category, 'unknown') as category,
        forecasts.horizon_weeks,
        {{ amount('forecasts.mean_units', 'places.unit_cost') }} as forecast_value
    from forecasts
    inner join places
        on forecasts.item_id = places.item_id and forecasts.location_id = places.location_id

),

weeks as (

    select
        {{ kpi_scope_columns(has_segment=false) }},
        horizon_weeks,
        sum(forecast_value) as forecast_value
    from expected
    group by {{ kpi_grouping_sets('horizon_weeks', has_segment=false) }}

),

cumulated as (

    select
        scope_type,
        scope_id,
        horizon_weeks,
        forecast_value,
        sum(forecast_value) over (
            partition by scope_type, scope_id
            order by horizon_weeks
        ) as forecast_up_to
    from weeks

),

-- the first week at whose end the stock is gone; within it demand is taken to be even
run_out as (

    select
        cumulated.scope_type,
        cumulated.scope_id,
        min_by(
            7 * (cumulated.horizon_weeks - 1)
            + floor(
                7 * cast(
                    stock.available_value - (cumulated.forecast_up_to - cumulated.forecast_value) as double
                )
                / cast(cumulated.forecast_value as double)
            ),
            cumulated.horizon_weeks
        ) as cover_days
    from cumulated
    inner join stock
        on cumulated.scope_type = stock.scope_type and cumulated.scope_id = stock.scope_id
    where cumulated.forecast_up_to > stock.available_value
    group by cumulated.scope_type, cumulated.scope_id

),

measures as (

    select
        stock.scope_type,
        stock.scope_id,
        stock.period,
        stock.window_days,
        stock.period_end_date,
        stock.forecast_item_locations,
        run_out.cover_days
    from stock
    left join run_out on stock.scope_type = run_out.scope_type and stock.scope_id = run_out.scope_id

)

select
    {{ kpi_row(
        'days_cover',
        numerator="measures.cover_days",
        n="measures.forecast_item_locations",
        basis="'whole days whose forecast stock on hand covers, at cost'",
        null_reason="case when measures.forecast_item_locations = 0 then 'no_forecast' else 'beyond_the_forecast' end"
    ) }}
from measures
