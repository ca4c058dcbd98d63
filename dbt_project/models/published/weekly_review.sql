with

lines as (

    select * from {{ ref('int_weekly_review_lines') }}

)

select
    as_of,
    section,
    section_rank,
    subject,
    item_id,
    location_id,
    round(figure, 6) as figure,
    figure_unit,
    round(figure_before, 6) as figure_before,
    sentence
from lines
