"""The demo: two months of real new vehicles at dealers, day by day, and what such data lacks.

`intervals` reads the file, `tracking` turns sightings into events by the rules it states, `vehicles`
makes source tables of them. `history`, `parts`, `places` and `market` generate the rest; `origins`
says which is which. `DemoConnector` puts it together.
"""

from __future__ import annotations

from orchestration.ims.demo.connector import DemoConnector

__all__ = ["DemoConnector"]
