"""A seeded source system: parts and made-to-order equipment at dealers of many regions, of any size.

`generate_to_folder` writes it, `GeneratedConnector` reads it. In between: `catalogue` (what exists),
`demand` (what is wanted), `simulation` (what happens), `customers` (who orders), `events`, `masters`,
`plans`, `segments` and `audits` (source tables), `build_to_order` and `equipment` (orders), `defects` (what
can be wrong). The demo uses the same rooms for what its real data lacks.
"""

from __future__ import annotations

from orchestration.ims.generator.connector import GeneratedConnector
from orchestration.ims.generator.defects import DEFECTS
from orchestration.ims.generator.writer import generate, generate_to_folder

__all__ = ["DEFECTS", "GeneratedConnector", "generate", "generate_to_folder"]
