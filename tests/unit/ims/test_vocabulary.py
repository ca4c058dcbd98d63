"""The word lists behind a drafted mapping speak of tables and columns that exist."""

from __future__ import annotations

from optimization.contracts.columns import COLUMNS
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.vocabulary import ASSUMED, COLUMN_WORDS, STAND_INS, TABLE_WORDS


def test_every_source_table_has_words_and_no_other() -> None:
    assert set(TABLE_WORDS) == set(RAW_BY_NAME)


def test_columns_with_words_are_columns_of_a_source_table() -> None:
    known = {name for table in RAW_BY_NAME.values() for name in table.column_names}
    assert set(COLUMN_WORDS) - known == set()


def test_what_is_assumed_or_stands_in_fits_its_column() -> None:
    for (table, column), value in ASSUMED.items():
        assert column in RAW_BY_NAME[table].column_names, (table, column)
        allowed = COLUMNS[column].isin
        assert allowed is None or value in allowed, (table, column)
    for (table, column), other in STAND_INS.items():
        assert {column, other} <= set(RAW_BY_NAME[table].column_names), (table, column)
