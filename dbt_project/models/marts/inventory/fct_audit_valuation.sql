with

books as (

    select * from {{ ref('stg_ims__stock_valuation') }}

),

stock as (

    select * from {{ ref('int_stock_positions') }}

),

movements as (

    select * from {{ ref('stg_ims__stock_movement') }}

),

ageing_units as (

    select * from {{ ref('fct_ageing_units') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

moved as (

    select
        books.item_id,
        books.location_id,
        sum(movements.quantity_units) as moved_since_units
    from books
    inner join movements
        on
            books.item_id = movements.item_id
            and books.location_id = movements.location_id
            and books.book_date < movements.movement_date
    group by books.item_id, books.location_id

),

-- a unit is worth its own invoice
unit_values as (

    select
        item_id,
        location_id,
        sum(unit_cost) as unit_value
    from ageing_units
    group by item_id, location_id

),

-- without a ledger there is nothing to compare with
has_books as (

    select count(*) > 0 as is_delivered from books

),

-- the stock that is owned, at cost, at the close of the date of the books
compared as (

    select
        coalesce(books.item_id, stock.item_id) as item_id,
        coalesce(books.location_id, stock.location_id) as location_id,
        books.book_date,
        books.item_id is not null as is_in_books,
        coalesce(books.book_units, 0) as found_units,
        coalesce(books.book_value, 0) as found_value,
        {{ units('coalesce(stock.owned_units, 0) - coalesce(moved.moved_since_units, 0)') }} as system_units,
        {{ money(
            "coalesce(unit_values.unit_value, "
            ~ amount('coalesce(stock.owned_units, 0)', 'items.unit_cost') ~ ") - "
            ~ amount('coalesce(moved.moved_since_units, 0)', 'items.unit_cost')
        ) }} as system_value,
        items.unit_cost
    from books
    full outer join stock
        on books.item_id = stock.item_id and books.location_id = stock.location_id
    cross join has_books
    inner join items on coalesce(books.item_id, stock.item_id) = items.item_id
    left join moved
        on books.item_id = moved.item_id and books.location_id = moved.location_id
    left join unit_values
        on stock.item_id = unit_values.item_id and stock.location_id = unit_values.location_id
    where has_books.is_delivered and (books.item_id is not null or stock.owned_units > 0)

),

judged as (

    select
        item_id,
        location_id,
        book_date,
        is_in_books,
        system_units,
        found_units,
        found_units - system_units as difference_units,
        {{ audit_tolerance('system_units') }} as tolerance_units,
        system_value,
        found_value,
        abs(found_value - system_value) as difference_value,
        {{ amount('greatest(system_value, 0)', var('audit_tolerance_share')) }} as tolerance_value
    from compared

)

select
    'valuation' as audit_kind,
    item_id,
    location_id,
    '*' as unit_id,
    book_date as audited_date,
    cast(null as varchar) as audited_by,
    system_units,
    found_units,
    {{ units('difference_units') }} as difference_units,
    tolerance_units,
    system_value,
    found_value,
    {{ money('difference_value') }} as difference_value,
    cast(null as double) as not_counted_share,
    case
        when
            is_in_books
            and abs(difference_units) <= tolerance_units
            and difference_value <= tolerance_value
            then 'match'
        else 'difference'
    end as audit_status,
    case
        when not is_in_books then 'not_in_books'
        when abs(difference_units) > tolerance_units then 'book_units_differ'
        when difference_value > tolerance_value then 'book_cost_differs'
        when difference_units = 0 and difference_value = 0 then 'books_agree'
        else 'within_tolerance'
    end as reason_code,
    'The books say ' || {{ shown('found_units') }} || ' worth ' || {{ shown('found_value') }}
    || ', stock at cost is ' || {{ shown('system_units') }} || ' worth ' || {{ shown('system_value') }} || '.'
        as detail
from judged
