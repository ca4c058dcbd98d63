"""How near two colours and two trims are: 1 is the same, 0 has nothing in common.

Colours have names that makers invent; their words tell the family. Trims of a model stand on a ladder
by what they cost.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SAME, SAME_FAMILY, NEAR_FAMILY = 1.0, 0.7, 0.4
NEXT_TRIM = 0.5

# The first family one of whose words is in the name; words of a hue come before words of a shade.
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "ruby", "crimson", "burgundy", "cherry", "scarlet", "garnet", "maroon", "barcelona"),
    "orange": ("orange", "copper", "terra", "inferno", "solar octane", "heat"),
    "yellow": ("yellow", "gold", "amber", "lime", "oxide"),
    "green": ("green", "olive", "army", "jade", "cypress", "emerald", "forest", "lunar rock"),
    "blue": ("blue", "navy", "indigo", "cavalry", "storm", "reservoir", "blueprint", "sky", "heritage"),
    "brown": ("brown", "bronze", "mocha", "mahogany", "smoked", "earth"),
    "beige": ("beige", "sand", "tan", "quicksand", "champagne", "cream", "desert"),
    "black": ("black", "onyx", "ebony", "jet", "midnight"),
    "grey": ("grey", "gray", "graphite", "cement", "magnetic", "granite", "underground", "lead", "slate"),
    "silver": ("silver", "titanium", "platinum", "steel", "celestial"),
    "white": ("white", "ice", "pearl", "snow", "chalk", "ivory", "wind chill", "frosted"),
}
_NEAR = (
    {"white", "silver"},
    {"white", "beige"},
    {"silver", "grey"},
    {"grey", "black"},
    {"red", "orange"},
    {"orange", "yellow"},
    {"yellow", "green"},
    {"green", "blue"},
    {"brown", "beige"},
    {"brown", "red"},
)


def colour_family(name: str) -> str | None:
    """Family of a colour by the words of its name; None where no word is known.

    >>> colour_family("Midnight Black Metallic"), colour_family("Wind Chill Pearl"), colour_family("Zest")
    ('black', 'white', None)
    """
    known = name.casefold()
    for family, words in COLOUR_WORDS.items():
        if any(word in known for word in words):
            return family
    return None


def colour_similarity(wished: str, offered: str) -> float:
    """1 for the same colour, 0.7 within its family, 0.4 in a family beside it, else 0.

    >>> colour_similarity("Ice Cap", "Wind Chill Pearl"), colour_similarity("Silver", "Magnetic Gray")
    (0.7, 0.4)
    >>> colour_similarity("Red", "Blue")
    0.0
    """
    if wished.casefold() == offered.casefold():
        return SAME
    families = colour_family(wished), colour_family(offered)
    if None in families:
        return 0.0
    if families[0] == families[1]:
        return SAME_FAMILY
    return NEAR_FAMILY if set(families) in _NEAR else 0.0


def similarity_table(wished: list[str], offered: list[str]) -> Numbers:
    """`colour_similarity` of every wished with every offered colour."""
    found = [[colour_similarity(wish, offer) for offer in offered] for wish in wished]
    return np.array(found, dtype=np.float64).reshape(len(wished), len(offered))


def trim_ladder(model: pd.Series, trim: pd.Series, price: pd.Series) -> pd.Series:
    """Place of each trim among its model's, from the lowest median price; indexed by (model, trim).

    A trim without any price comes last; ties go by name.

    >>> frame = pd.DataFrame({"m": "camry", "t": ["xle", "le", "se", "le"], "p": [33.0, 27, 29, 26]})
    >>> trim_ladder(frame["m"], frame["t"], frame["p"]).to_dict()
    {('camry', 'le'): 0, ('camry', 'se'): 1, ('camry', 'xle'): 2}
    """
    frame = pd.DataFrame({"model": model.to_numpy(), "trim": trim.to_numpy(), "price": price.to_numpy()})
    median = frame.dropna(subset=["model", "trim"]).groupby(["model", "trim"], sort=True)["price"].median()
    ordered = median.reset_index().sort_values(["model", "price", "trim"], na_position="last", kind="stable")
    place = ordered.groupby("model", sort=False).cumcount().to_numpy(dtype=np.int64)
    index = pd.MultiIndex.from_frame(ordered[["model", "trim"]])
    return pd.Series(place, index=index)


def trim_similarity(wished: int, offered: int, is_same: bool) -> float:
    """1 for the same trim, 0.5 for the next one up or down the model's ladder, else 0; −1 is unknown.

    >>> trim_similarity(1, 1, True), trim_similarity(1, 2, False), trim_similarity(0, 2, False)
    (1.0, 0.5, 0.0)
    """
    if is_same:
        return SAME
    return NEXT_TRIM if wished >= 0 and offered >= 0 and abs(wished - offered) == 1 else 0.0
