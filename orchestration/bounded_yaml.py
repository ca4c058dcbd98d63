"""Reading YAML that somebody else wrote: plain values only, and no more than a person would write.

Nothing else belongs here. The safe loader makes no objects; what remains are files that are small on the
disk and huge in memory, where names (`&a`, `*a`) repeat what repeats, or brackets nest without end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 4_000_000
# Values of a file, each use of a name counted with all that it stands for.
MOST_VALUES = 100_000
MOST_DEPTH = 50


class _BoundedLoader(yaml.SafeLoader):
    """The safe loader, which counts while it reads and stops before anything is built."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._values = 0
        self._worth: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self._depth >= MOST_DEPTH:
            raise yaml.YAMLError(f"values lie in one another more than {MOST_DEPTH} deep; write it flatter")
        before, is_name = self._values, self.check_event(yaml.AliasEvent)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if not is_name:
            self._values += 1
            self._worth[id(node)] = self._values - before
        elif id(node) not in self._worth:
            raise yaml.YAMLError("a value contains itself by its name; write it out")
        else:
            self._values += self._worth[id(node)]
        if self._values > MOST_VALUES:
            raise yaml.YAMLError(
                f"it stands for more than {MOST_VALUES:,} values; write less, or repeat less by name"
            )
        return node


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file.

    Raises `OSError`, `UnicodeDecodeError`, and `yaml.YAMLError` for what is no YAML, asks for objects or is
    beyond the limits: the file's size in bytes, its values, their depth.
    """
    with path.open("rb") as file:
        held = file.read(MOST_BYTES + 1)
    if len(held) > MOST_BYTES:
        raise yaml.YAMLError(f"it is larger than {MOST_BYTES:,} bytes; split it")
    return parse_yaml(held.decode("utf-8"))


def parse_yaml(text: str) -> Any:
    """Return the content of YAML text.

    >>> parse_yaml("a: [1, 2024-01-31]")["a"][0]
    1

    Raises `yaml.YAMLError` as `read_yaml`.
    """
    loader = _BoundedLoader(text)
    try:
        return loader.get_single_data()
    except (RecursionError, ValueError, KeyError, TypeError) as error:
        # A date that is none, a number too long, a key that cannot be one.
        raise yaml.YAMLError(f"a value cannot be read: {error}") from error
    finally:
        loader.dispose()
