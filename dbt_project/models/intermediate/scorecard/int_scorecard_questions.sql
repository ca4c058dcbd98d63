-- areas and questions of the scorecard, in the order of the assessment
select
    cast(questions.check_number as integer) as check_number,
    cast((questions.check_number + 2) // 3 as integer) as area,
    areas.area_name,
    questions.question,
    questions.measure,
    questions.owner_role
from (
    values
    (
        1, 'Is safety stock recalculated with variability of demand and lead time?',
        'of item-locations calculated from fresh data on both, and equal when calculated again',
        'supply planner'
    ),
    (
        2, 'Are reorder points recalculated on a cadence?',
        'of item-locations calculated in every one of the last periods',
        'supply planner'
    ),
    (
        3, 'Are service targets set by segment?',
        'of item-locations planned with the target of their class',
        'management'
    ),
    (
        4, 'Is forecast error used in the policy?',
        'of item-locations with a recent measurement of forecast errors behind the policy',
        'demand planner'
    ),
    (
        5, 'Are promotions and seasons in the policy?',
        'of item-locations that a promotion or a season moves have it in the policy',
        'demand planner'
    ),
    (
        6, 'Does an approved demand plan feed the policy?',
        'of item-locations whose plan version was approved before the run',
        'demand planner'
    ),
    (
        7, 'Are lead times distributions per supplier and lane?',
        'of purchase value on lanes with enough receipts and stored quantiles',
        'buyer'
    ),
    (
        8, 'Do recommendations keep minimum, lot and case?',
        'of proposed orders that keep all three',
        'buyer'
    ),
    (
        9, 'Does supplier reliability move the buffers?',
        'of item-locations whose supplier is known to be late or not',
        'buyer'
    ),
    (
        10, 'Is the policy reviewed on a fixed cadence?',
        'of the last cycles reviewed in time',
        'management'
    ),
    (
        11, 'Are changes above the limit approved by somebody else?',
        'of published changes above the limit approved by another person before publication',
        'management'
    ),
    (
        12, 'Are changes auditable?',
        'of changes with author, time, old, new and reason, in a ledger whose chain holds',
        'management'
    ),
    (
        13, 'Does service rise while turns hold?',
        'change of the fill rate over the months looked at',
        'management'
    ),
    (
        14, 'Do stock-outs, backorders and expedites fall?',
        'change of the worst of the three over the months looked at',
        'supply planner'
    ),
    (
        15, 'Do excess, obsolete stock and cash in stock fall?',
        'change of the worse of the two over the months looked at, as a share of a year of sales at cost',
        'management'
    )
) as questions (check_number, question, measure, owner_role)
inner join (
    values
    (1, 'Policy'),
    (2, 'Forecast'),
    (3, 'Supply'),
    (4, 'Governance'),
    (5, 'Outcome')
) as areas (area, area_name) on (questions.check_number + 2) // 3 = areas.area
