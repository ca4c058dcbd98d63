with

stated as (

    select * from {{ ref('stg_ims__stock_category') }}

),

-- what holds for a category that the source says nothing of: what serves the house is not for sale
usual as (

    select
        categories.stock_category,
        categories.category_group,
        categories.is_sellable,
        categories.is_sellable as counts_in_kpi
    from (
        values
        ('popular', 'new', true),
        ('standard', 'new', true),
        ('promotional', 'new', true),
        ('demo', 'new', true),
        ('limited', 'specialty', true),
        ('performance', 'specialty', true),
        ('commercial', 'specialty', true),
        ('certified_pre_owned', 'specialty', true),
        ('loaner', 'service', false),
        ('service', 'service', false),
        ('parts', 'service', true),
        ('training', 'service', false)
    ) as categories (stock_category, category_group, is_sellable)

)

select
    coalesce(stated.stock_category, usual.stock_category) as stock_category,
    coalesce(stated.category_group, usual.category_group) as category_group,
    coalesce(stated.is_sellable, usual.is_sellable) as is_sellable,
    coalesce(stated.counts_in_kpi, usual.counts_in_kpi) as counts_in_kpi,
    stated.stock_category is not null as is_stated,
    stated.description
from usual
full outer join stated on usual.stock_category = stated.stock_category
