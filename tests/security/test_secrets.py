"""No secret in anything that a command says or leaves, good or failing; the drill has the same commands."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from orchestration.cli.console import setting_faults
from orchestration.outcomes import OUTCOMES, Code
from orchestration.settings import Settings
from tests.drill.canary import CANARIES, round_of_commands, unpacked, words_in


def test_no_secret_is_left_by_good_and_failing_commands(tmp_path: Path):
    left = round_of_commands(tmp_path, most=20)
    assert left.hits == ()
    good = {name: code for name, code in left.codes.items() if ":" not in name}
    failing = {name: code for name, code in left.codes.items() if ":" in name}
    assert set(good.values()) == {0}, {name: left.said[name] for name, code in good.items() if code}
    assert [name for name, code in failing.items() if code in (0, 99)] == []
    assert len(failing) >= 20
    reasons = {one.code for one in OUTCOMES if one.exit_code in failing.values()}
    assert len(reasons) >= 5, reasons
    assert Code.INTERNAL not in reasons
    assert left.searched > 50


@pytest.mark.parametrize("packed", ["left.txt", "left.parquet", "left.xlsx", "left.duckdb"])
def test_the_search_finds_what_is_planted(tmp_path: Path, packed: str):
    path, word = tmp_path / packed, f"postgresql://u:{CANARIES['source']}@h/d"
    if path.suffix == ".txt":
        path.write_text(word, encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({"a": [word] * 100}), path, compression="zstd")
    elif path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            book.add_worksheet().write_string(0, 0, word)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table left_over as select ? as a", [word])
    assert words_in(unpacked(path))


@pytest.mark.parametrize(
    "values",
    [
        {"serving": {"urll": "postgresql://u:{word}@h/d"}},
        {"serving": "postgresql://u:{word}@h/d"},
        {"alerts": {"webhook": "https://hooks.example/{word}"}},
        {"source": {"postgres": {"password": "{word}"}}},
        {"dagster": {"url": ["{word}"]}},
        {"orders": {"messages": {"tracking_key": "{word}" * 10}}},
    ],
    ids=str,
)
def test_a_mistyped_setting_does_not_tell_the_secret(values: dict[str, object]):
    from pydantic import ValidationError

    word = CANARIES["typo"]

    def filled(value: object) -> object:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        return str(value).replace("{word}", word)

    with pytest.raises(ValidationError) as refused:
        Settings(**{name: filled(value) for name, value in values.items()})  # type: ignore[arg-type]
    told = "\n".join(setting_faults(refused.value))
    assert told
    assert word not in told


def test_settings_that_are_shown_hide_their_secrets():
    word = CANARIES["serving"]
    held = Settings(
        serving={"url": f"postgresql://u:{word}@h/d"}, alerts={"webhook_url": f"https://x/{word}"}
    )
    for shown in (repr(held), str(held), held.model_dump_json(), str(held.deciding())):
        assert word not in shown
