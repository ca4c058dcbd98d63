with

safety_stock_recalculated as (

    select * from {{ ref('int_scorecard_01_safety_stock_recalculated') }}

),

policies_recalculated_in_cadence as (

    select * from {{ ref('int_scorecard_02_policies_recalculated_in_cadence') }}

),

targets_by_class as (

    select * from {{ ref('int_scorecard_03_targets_by_class') }}

),

forecast_errors_used as (

    select * from {{ ref('int_scorecard_04_forecast_errors_used') }}

),

promotions_and_seasons_used as (

    select * from {{ ref('int_scorecard_05_promotions_and_seasons_used') }}

),

approved_plan_feeds_policy as (

    select * from {{ ref('int_scorecard_06_approved_plan_feeds_policy') }}

),

lead_time_distributions as (

    select * from {{ ref('int_scorecard_07_lead_time_distributions') }}

),

order_constraints_kept as (

    select * from {{ ref('int_scorecard_08_order_constraints_kept') }}

),

supplier_reliability_used as (

    select * from {{ ref('int_scorecard_09_supplier_reliability_used') }}

),

reviews_in_cadence as (

    select * from {{ ref('int_scorecard_10_reviews_in_cadence') }}

),

changes_approved as (

    select * from {{ ref('int_scorecard_11_changes_approved') }}

),

changes_auditable as (

    select * from {{ ref('int_scorecard_12_changes_auditable') }}

),

service_up_while_turns_hold as (

    select * from {{ ref('int_scorecard_13_service_up_while_turns_hold') }}

),

stockouts_backorders_expedites_down as (

    select * from {{ ref('int_scorecard_14_stockouts_backorders_expedites_down') }}

),

excess_and_cash_down as (

    select * from {{ ref('int_scorecard_15_excess_and_cash_down') }}

),

questions as (

    select * from {{ ref('int_scorecard_questions') }}

),

notes as (

    select * from {{ ref('stg_ims__scorecard_note') }}
    where note_subject = 'check'

),

past as (

    select * from {{ ref('stg_history__past_scorecard') }}

),

checks as (

    select * from safety_stock_recalculated
    union all
    select * from policies_recalculated_in_cadence
    union all
    select * from targets_by_class
    union all
    select * from forecast_errors_used
    union all
    select * from promotions_and_seasons_used
    union all
    select * from approved_plan_feeds_policy
    union all
    select * from lead_time_distributions
    union all
    select * from order_constraints_kept
    union all
    select * from supplier_reliability_used
    union all
    select * from reviews_in_cadence
    union all
    select * from changes_approved
    union all
    select * from changes_auditable
    union all
    select * from service_up_while_turns_hold
    union all
    select * from stockouts_backorders_expedites_down
    union all
    select * from excess_and_cash_down

),

-- what earlier releases said of the same check
past_by_check as (

    select
        check_number,
        arg_min(status, releases_back) as previous_status,
        count(*) as earlier_releases,
        count(*) filter (status = 'yes') as earlier_yes
    from past
    group by check_number

)

select
    checks.check_number,
    questions.area,
    questions.area_name,
    questions.question,
    checks.status,
    cast(checks.status = 'yes' as integer) as score,
    checks.value,
    checks.threshold,
    checks.unit,
    checks.evidence_rows,
    checks.evidence_table,
    checks.evidence_query,
    checks.null_reason,
    questions.owner_role,
    coalesce(
        notes.observation,
        case
            when checks.null_reason like 'not_recorded%'
                then format(
                    'No evidence (not recorded at the source:{}).', split_part(checks.null_reason, ':', 2)
                )
            when checks.null_reason is not null
                then 'No evidence (' || replace(checks.null_reason, '_', ' ') || ').'
            when checks.unit = 'cycles'
                then format(
                    '{:g} {} {:g} are asked for.', checks.value, questions.measure || ';', checks.threshold
                )
            when checks.check_number >= 13
                then format('{:+.1f} % {}.', 100 * checks.value, questions.measure)
            else
                format(
                    '{:.1f} % {}; at least {:g} % are asked for.',
                    100 * checks.value,
                    questions.measure,
                    100 * checks.threshold
                )
        end
        || case
            when checks.status = 'no' and checks.value >= checks.threshold
                then coalesce(' But ' || questions.unmet_beside || '.', '')
            else ''
        end
    ) as observation,
    coalesce(length(notes.observation) > 0, false) as is_observed_by_person,
    notes.decision,
    notes.owner as decision_owner,
    notes.due_date as decision_due_date,
    past_by_check.previous_status,
    coalesce(past_by_check.earlier_releases, 0) as earlier_releases,
    coalesce(past_by_check.earlier_yes, 0) as earlier_yes
from checks
inner join questions on checks.check_number = questions.check_number
left join notes on checks.check_number = notes.note_number
left join past_by_check on checks.check_number = past_by_check.check_number
