"""How the command line speaks: progress as it happens, tables, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.outcomes import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa
    from pydantic import ValidationError

    from orchestration.defs.resources import Pipeline, StageEvent
    from orchestration.settings import Settings

# A log or a pipe has no width of its own; one that holds the tables without folding each word.
_WIDTH_WITHOUT_TERMINAL = 150
console = Console(
    highlight=False, soft_wrap=True, width=None if Console().is_terminal else _WIDTH_WITHOUT_TERMINAL
)

# Longer texts are folded, shorter ones are not.
_WIDEST_TEXT = 40
# Settings with an address or a key among them: who mistypes its name wrote a secret all the same.
_WITH_SECRETS = ("source.postgres", "serving", "dagster", "alerts", "orders.messages")
_BORDER_WIDTH = 3


def settings() -> Settings:
    """Return the installation's settings. Raises `ConfigurationError` for values that cannot be, all told."""
    import yaml
    from pydantic import ValidationError

    from orchestration.settings import settings as installed

    try:
        return installed()
    except yaml.YAMLError as error:
        raise ConfigurationError(f"stockplan.yaml is not YAML; correct it: {error}") from error
    except ValidationError as error:
        # Without its cause, which repeats every value.
        raise ConfigurationError(
            "settings cannot be used; correct them in stockplan.yaml or the environment (STOCKPLAN_…):\n"
            + "\n".join(f"  {fault}" for fault in setting_faults(error))
        ) from None


def setting_faults(error: ValidationError) -> list[str]:
    """Tell every setting that cannot be; what stands where a secret may be is not repeated."""
    faults = []
    for one in error.errors(include_url=False):
        name = ".".join(map(str, one["loc"]))
        is_plain = isinstance(one["input"], str | int | float | None) and not name.startswith(_WITH_SECRETS)
        faults.append(f"{name} = {one['input']!r}: {one['msg']}" if is_plain else f"{name}: {one['msg']}")
    return faults


def open_pipeline(accept_row_loss: bool = False, actor: str = "cli") -> Pipeline:
    """Return the pipeline of the settings, with its progress told on the console."""
    # Whoever only asks, or asks for help, does not wait for what a run needs.
    from orchestration.defs.resources import Pipeline

    return Pipeline(settings(), watch=tell, accept_row_loss=accept_row_loss, actor=actor)


def tell(event: StageEvent) -> None:
    """Say which stage runs, and what it came to when it has ended."""
    if event.seconds is None:
        if console.is_terminal:
            console.print(f"  · {event.stage} …", end="\r")
        return
    console.print(f"  ✓ {event.stage:<22} {event.seconds:6.1f} s   {event.detail}")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a title; numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for position, name in enumerate(columns):
        is_number = bool(rows) and all(isinstance(row[position], int | float) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        # As text, not as rich's own markup: what came from the source is printed as it stands.
        table.add_row(*(Text(_text(value)) for value in row))
    console.print(table)


def print_arrow(title: str, table: pa.Table) -> None:
    """Print an Arrow table; the columns that do not fit are named under it."""
    rows = [list(row.values()) for row in table.to_pylist()]
    widths = [
        max([len(name), *(min(len(_text(row[position])), _WIDEST_TEXT) for row in rows)]) + _BORDER_WIDTH
        for position, name in enumerate(table.column_names)
    ]
    fitting = max(1, sum(width <= console.width for width in accumulate(widths)))
    print_table(title, table.column_names[:fitting], [row[:fitting] for row in rows])
    if left_out := table.column_names[fitting:]:
        console.print(f"Left out, show them with --columns: {', '.join(left_out)}")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    # Nothing may speak to the terminal itself, or turn the direction of what follows.
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in str(value))
