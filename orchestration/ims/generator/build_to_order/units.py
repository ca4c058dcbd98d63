"""Categories of stock: which there are, and which of them are for sale and count in the figures."""

from __future__ import annotations

import pyarrow as pa

from orchestration.ims.generator.arrow_columns import source_table

# category, group, for sale, counted in the figures, description
CATEGORIES: tuple[tuple[str, str, bool, bool, str], ...] = (
    ("popular", "new", True, True, "New, of a configuration that sells fast"),
    ("standard", "new", True, True, "New, of any other configuration"),
    ("promotional", "new", True, True, "New, in a sales event"),
    ("demo", "new", True, True, "Shown and driven by customers"),
    ("limited", "specialty", True, True, "Of a configuration with few units"),
    ("performance", "specialty", True, True, "Sports version"),
    ("commercial", "specialty", True, True, "For trades"),
    ("certified_pre_owned", "specialty", True, True, "Used, checked and certified"),
    ("loaner", "service", False, False, "Lent to customers of the workshop"),
    ("service", "service", False, False, "Used by the dealer's own service"),
    ("parts", "service", True, True, "Spare parts"),
    ("training", "service", False, False, "Kept for training"),
)


def stock_category_table(source: str, as_of: int) -> pa.Table:
    """The twelve categories of stock."""
    names, groups, sold, counted, texts = zip(*CATEGORIES, strict=True)
    return source_table(
        "stock_category",
        {
            "stock_category": pa.array(names),
            "category_group": pa.array(groups),
            "is_sellable": pa.array(sold),
            "counts_in_kpi": pa.array(counted),
            "description": pa.array(texts),
        },
        source=source,
        known=as_of,
    )
