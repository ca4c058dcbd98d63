-- areas and questions of the scorecard, in the order of the assessment
select
    cast(questions.check_number as integer) as check_number,
    cast((questions.check_number + 2) // 3 as integer) as area,
    areas.area_name,
    questions.question,
    questions.measure,
    questions.owner_role,
    -- what else is asked for, told where the value alone would do
    questions.unmet_beside
from (
    values
    (
        1, 'Is safety stock recalculated with variability of demand and lead time?',
        'of item-locations calculated from fresh data on both, and equal when calculated again',
        'supply planner',
        'a policy came out differently when it was calculated again'
    ),
    (
        2, 'Are reorder points recalculated on a cadence?',
        'of item-locations calculated in every one of the last periods',
        'supply planner',
        null
    ),
    (
        3, 'Are service targets set by segment?',
        'of item-locations planned with the target of their class',
        'management',
        'there are too few different targets'
    ),
    (
        4, 'Is forecast error used in the policy?',
        'of item-locations with a recent measurement of forecast errors behind the policy',
        'demand planner',
        null
    ),
    (
        5, 'Are promotions and seasons in the policy?',
        'of item-locations that a promotion or a season moves have it in the policy',
        'demand planner',
        null
    ),
    (
        6, 'Does an approved demand plan feed the policy?',
        'of item-locations whose plan version was approved before the run',
        'demand planner',
        null
    ),
    (
        7, 'Are lead times distributions per supplier and lane?',
        'of purchase value on lanes with enough receipts and stored quantiles',
        'buyer',
        null
    ),
    (
        8, 'Do recommendations keep minimum, lot and case?',
        'of proposed orders that keep all three',
        'buyer',
        'too few orders state all three'
    ),
    (
        9, 'Does supplier reliability move the buffers?',
        'of item-locations whose supplier is known to be late or not',
        'buyer',
        'the safety stock of the worst suppliers does not respond'
    ),
    (
        10, 'Is the policy reviewed on a fixed cadence?',
        'of the last cycles reviewed in time',
        'management',
        null
    ),
    (
        11, 'Are changes above the limit approved by somebody else?',
        'of published changes above the limit approved by another person before publication',
        'management',
        null
    ),
    (
        12, 'Are changes auditable?',
        'of changes with author, time, old, new and reason, in a ledger whose chain holds',
        'management',
        null
    ),
    (
        13, 'Does service rise while turns hold?',
        'change of the fill rate over the months looked at',
        'management',
        'turns do not hold, or fill is neither rising nor at its target'
    ),
    (
        14, 'Do stock-outs, backorders and expedites fall?',
        'change of the worst of the three over the months looked at',
        'supply planner',
        null
    ),
    (
        15, 'Do excess, obsolete stock and cash in stock fall?',
        'change of the worse of the two over the months looked at, as a share of a year of sales at cost',
        'management',
        null
    )
) as questions (check_number, question, measure, owner_role, unmet_beside)
inner join (
    values
    (1, 'Policy'),
    (2, 'Forecast'),
    (3, 'Supply'),
    (4, 'Governance'),
    (5, 'Outcome')
) as areas (area, area_name) on (questions.check_number + 2) // 3 = areas.area
