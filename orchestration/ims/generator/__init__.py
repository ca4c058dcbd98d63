"""A seeded source system: parts at dealers of many regions, as large as asked for.

`generate_to_folder` writes it, `GeneratedConnector` reads it. In between: `catalogue` (what exists),
`demand` (what is wanted), `simulation` (what happens), `customers` (who orders), `events`, `masters`,
`plans`, `segments` and `audits` (source tables), `defects` (what can be wrong). The demo uses the same
rooms for what its real data lacks.
"""

from __future__ import annotations

from orchestration.ims.generator.connector import GeneratedConnector
from orchestration.ims.generator.defects import DEFECTS
from orchestration.ims.generator.writer import generate, generate_to_folder

__all__ = ["DEFECTS", "GeneratedConnector", "generate", "generate_to_folder"]
