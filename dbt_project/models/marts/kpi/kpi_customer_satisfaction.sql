with

measures as (

    select * from {{ ref('int_kpi_surveys') }}

)

select
    {{ kpi_row(
        'customer_satisfaction',
        numerator="measures.overall_score",
        denominator="case when measures.answered >= 30 then measures.answered end",
        n="measures.answered",
        basis="'mean answer of 1 to 5, surveys sent in the period'",
        null_reason="case when not measures.is_present then 'no_survey' when coalesce(measures.asked, 0) = 0 then 'nobody_asked' else 'fewer_than_30_answers' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'customer_satisfaction_share',
        numerator="measures.satisfied",
        denominator="case when measures.answered >= 30 then measures.answered end",
        n="measures.answered",
        basis="'answers of 4 and 5, surveys sent in the period'",
        null_reason="case when not measures.is_present then 'no_survey' when coalesce(measures.asked, 0) = 0 then 'nobody_asked' else 'fewer_than_30_answers' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'satisfaction_availability',
        numerator="measures.availability_score",
        denominator="case when measures.availability_answers >= 30 then measures.availability_answers end",
        n="measures.availability_answers",
        basis="'mean answer of 1 to 5 about availability'",
        null_reason="case when not measures.is_present then 'no_survey' when coalesce(measures.asked, 0) = 0 then 'nobody_asked' else 'fewer_than_30_answers' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'satisfaction_delivery',
        numerator="measures.delivery_score",
        denominator="case when measures.delivery_answers >= 30 then measures.delivery_answers end",
        n="measures.delivery_answers",
        basis="'mean answer of 1 to 5 about the delivery'",
        null_reason="case when not measures.is_present then 'no_survey' when coalesce(measures.asked, 0) = 0 then 'nobody_asked' else 'fewer_than_30_answers' end"
    ) }}
from measures

union all

select
    {{ kpi_row(
        'survey_response_rate',
        numerator="measures.answered",
        denominator="measures.asked",
        n="measures.asked",
        basis="'surveys sent in the period that were answered'",
        null_reason="case when not measures.is_present then 'no_survey' else 'nobody_asked' end"
    ) }}
from measures
