"""The definitions that Dagster loads, written down: a change of the graph is a diff that is reviewed.

python -m tests.architecture.freeze      writes definitions.json anew
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg

FROZEN_FILE = Path(__file__).with_name("definitions.json")


def described() -> dict[str, Any]:
    """Return assets with what they read, groups and checks, and jobs, schedules and sensors."""
    from orchestration.definitions import defs

    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    job = defs.resolve_job_def("daily")
    checks: dict[str, list[str]] = {}
    for key in graph.asset_check_keys:
        checks.setdefault(_name(key.asset_key), []).append(key.name)
    return {
        "assets": {
            _name(node.key): {
                "group": node.group_name,
                "reads": sorted(_name(parent) for parent in node.parent_keys),
                "checks": sorted(checks.get(_name(node.key), [])),
            }
            for node in sorted(graph.asset_nodes, key=lambda one: one.key)
        },
        "jobs": {
            one.name: {
                "partitioned": one.partitions_def is not None,
                "assets": len(one.asset_layer.executable_asset_keys),
            }
            for one in repository.get_all_jobs()
            if not one.name.startswith("__")
        },
        "job_steps": sorted(node.name for node in job.nodes),
        "schedules": {
            one.name: {"cron": one.cron_schedule, "job": one.job_name} for one in repository.schedule_defs
        },
        "sensors": sorted(one.name for one in repository.sensor_defs),
    }


def as_text(content: dict[str, Any]) -> str:
    """Return the content as it is committed."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _name(key: dg.AssetKey) -> str:
    return "/".join(key.path)


if __name__ == "__main__":
    FROZEN_FILE.write_text(as_text(described()), encoding="utf-8")
