with

errors as (

    select * from {{ ref('stg_science__forecast_accuracy') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

lags as (

    select unnest([1, 4]) as horizon_weeks

),

-- what earlier releases have published goes before the replay of the own history
scored as (

    select
        case when breakdown = 'all' then 'network' else 'category' end as scope_type,
        breakdown_value as scope_id,
        horizon_weeks,
        evidence,
        observation_count,
        actual_units,
        forecast_units,
        absolute_error_units,
        naive_absolute_error_units,
        positive_count,
        percentage_error_sum
    from errors
    where forecast_interval = 'week' and breakdown in ('all', 'category')
    qualify row_number() over (
        partition by breakdown, breakdown_value, horizon_weeks
        order by evidence <> 'frozen_release', forecast_method
    ) = 1

),

scopes as (

    select
        scope_type,
        scope_id
    from scored
    union
    select
        'network' as scope_type,
        '*' as scope_id

),

measures as (

    select
        scopes.scope_type,
        scopes.scope_id,
        'rolling' as period,
        0 as window_days,
        run_context.as_of as period_end_date,
        lags.horizon_weeks,
        case
            when scored.evidence = 'frozen_release' then 'as earlier releases published it, '
            else 'replay of the own history, '
        end
        || case lags.horizon_weeks when 1 then '1 week ahead' else lags.horizon_weeks || ' weeks ahead' end
            as basis,
        scored.observation_count,
        scored.actual_units,
        scored.forecast_units,
        scored.absolute_error_units,
        scored.naive_absolute_error_units,
        scored.positive_count,
        scored.percentage_error_sum
    from scopes
    cross join lags
    cross join run_context
    left join scored
        on
            scopes.scope_type = scored.scope_type
            and scopes.scope_id = scored.scope_id
            and lags.horizon_weeks = scored.horizon_weeks

)

select
    {{ kpi_row(
        'forecast_bias_1w',
        numerator="measures.forecast_units - measures.actual_units",
        denominator="measures.actual_units",
        n="measures.observation_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 1

union all

select
    {{ kpi_row(
        'forecast_wape_1w',
        numerator="measures.absolute_error_units",
        denominator="measures.actual_units",
        n="measures.observation_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 1

union all

select
    {{ kpi_row(
        'forecast_mape_1w',
        numerator="measures.percentage_error_sum",
        denominator="measures.positive_count",
        n="measures.positive_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 1

union all

select
    {{ kpi_row(
        'forecast_mase_1w',
        numerator="measures.absolute_error_units",
        denominator="measures.naive_absolute_error_units",
        n="measures.observation_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' when measures.naive_absolute_error_units is null then 'not_measured' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 1

union all

select
    {{ kpi_row(
        'forecast_bias_4w',
        numerator="measures.forecast_units - measures.actual_units",
        denominator="measures.actual_units",
        n="measures.observation_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 4

union all

select
    {{ kpi_row(
        'forecast_wape_4w',
        numerator="measures.absolute_error_units",
        denominator="measures.actual_units",
        n="measures.observation_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 4

union all

select
    {{ kpi_row(
        'forecast_mape_4w',
        numerator="measures.percentage_error_sum",
        denominator="measures.positive_count",
        n="measures.positive_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 4

union all

select
    {{ kpi_row(
        'forecast_mase_4w',
        numerator="measures.absolute_error_units",
        denominator="measures.naive_absolute_error_units",
        n="measures.observation_count",
        basis="measures.basis",
        null_reason="case when measures.observation_count is null then 'not_scored' when measures.naive_absolute_error_units is null then 'not_measured' else 'no_demand' end"
    ) }}
from measures
where measures.horizon_weeks = 4
