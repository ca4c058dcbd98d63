with

measures as (

    select * from {{ ref('int_kpi_requests') }}

)

select
    {{ kpi_row(
        'availability_rate',
        numerator="measures.available_requests",
        denominator="measures.measured_requests",
        n="measures.measured_requests",
        basis="'an acceptable unit within reach on the day of the request'",
        null_reason="case when not measures.is_present then 'no_enquiry_feed' when coalesce(measures.requests, 0) = 0 then 'no_requests' else 'not_recorded' end"
    ) }}
from measures
