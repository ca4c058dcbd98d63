"""500 attempts to get a change past its approval: through the tool, and into the ledger behind it.

Each is refused by the tool, or stands in `approval` as one that changed nothing, with its reason, or is found
by the verification that every run begins with. None takes effect.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from optimization.errors import StockplanError
from optimization.parameters import GovernanceParameters
from optimization.policy.changes import content_hash
from orchestration.evidence.decisions.desk import DecisionDesk
from orchestration.evidence.decisions.events import POLICY_FAMILY
from orchestration.evidence.witnesses import release_faults, witnessed_heads
from orchestration.lake.events import Chain, Draft
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.publish.shelf import releases
from orchestration.settings import Settings
from tests.governance_days import Company
from tests.governance_office import Office

ATTEMPTS = 500
BEFORE, WANTED = (20.0, 40.0), (700.0, 900.0)
ITEMS = [f"I{number}" for number in range(8)]
# However the author writes the own name, it is the author's.
ALIASES = ("mallory", "Mallory", " MALLORY ", "ｍａｌｌｏｒｙ", "mal\u006cory")

Attempt = Callable[["Attack"], str]


class Attack:
    """One office under attack: mallory's changes of every item wait, eve has approved one honest change."""

    def __init__(self, home: Path) -> None:
        self.draw = random.Random(4711)
        rules = GovernanceParameters(approvers=("eve", "mallory"), planners=("ann", "mallory"))
        self.office = Office(Settings(home=home), Company(rules))
        self.levels = dict.fromkeys((*ITEMS, "HONEST"), BEFORE)
        self.office.publish(self.levels)
        desk = self.office.desk()
        self.waiting = [desk.propose(item, "L1", WANTED, "more", "mallory") for item in ITEMS]
        honest = desk.propose("HONEST", "L1", WANTED, "launch", "ann")
        self.approved = desk.decide(str(honest.payload["change_id"]), "approved", "seen", "eve")
        self.office.publish(self.levels)
        self.desk: DecisionDesk = self.office.desk()
        self.written: list[str] = []
        self.witnessed = max(self.office.ledger.seq_of(one) for one in witnessed_heads(self.office.lake))

    def behind(self, what: str, actor: str, payload: dict[str, Any]) -> str:
        """Append an event with a right chain, as somebody who knows how the ledger is made."""
        ledger, day = self.office.ledger, self.office.today
        draft = Draft(POLICY_FAMILY, what, str(payload["change_id"]), day, actor, payload)
        (event,) = ledger.append_many([draft], lambda: datetime.fromisoformat(f"{day}T10:00:00+00:00"))
        self.written.append(event.event_id)
        return "behind"

    def target(self) -> dict[str, Any]:
        """Payload of a decision on a change of mallory's that waits."""
        told = self.draw.choice(self.waiting).payload
        kept = ("change_id", "content_hash", "item_id", "location_id")
        return {name: told[name] for name in kept} | {"comment": f"ok {self.draw.random()}"}

    def ask(self, actor: str, **edited: Any) -> dict[str, Any]:
        """Payload of a proposal, its content told rightly unless `edited`."""
        item = self.draw.choice(ITEMS)
        told = content_hash("planner", (item, "L1"), BEFORE, WANTED, actor, "more")
        payload = {
            "change_id": f"{self.draw.getrandbits(64):016x}",
            "content_hash": told,
            "item_id": item,
            "location_id": "L1",
            "old_reorder_point_units": BEFORE[0],
            "old_order_up_to_units": BEFORE[1],
            "new_reorder_point_units": WANTED[0],
            "new_order_up_to_units": WANTED[1],
            "reason": "more",
        }
        return payload | edited


def _own_by_tool(attack: Attack) -> str:
    """Approve one's own change through the tool, under the own name in some spelling."""
    change_id = str(attack.target()["change_id"])
    with pytest.raises(StockplanError, match="SELF_APPROVAL"):
        attack.desk.decide(change_id, "approved", "mine", attack.draw.choice(ALIASES))
    return "refused by the tool"


def _not_named_by_tool(attack: Attack) -> str:
    """Approve without being an approver, or under the name of the calculation."""
    actor, rule = attack.draw.choice((("ann", "NOT_AN_APPROVER"), ("Stockplan", "RESERVED_NAME")))
    with pytest.raises(StockplanError, match=rule):
        attack.desk.decide(str(attack.target()["change_id"]), "approved", "please", actor)
    return "refused by the tool"


def _replay_by_tool(attack: Attack) -> str:
    """Decide again what was decided."""
    with pytest.raises(StockplanError, match="ALREADY_DECIDED"):
        attack.desk.decide(str(attack.approved.payload["change_id"]), "approved", "again", "mallory")
    return "refused by the tool"


def _own_behind(attack: Attack) -> str:
    """Approve one's own change by a line of one's own."""
    return attack.behind("approved", attack.draw.choice(ALIASES), attack.target())


def _edited_behind(attack: Attack) -> str:
    """Let somebody approve a content that the change does not have (any longer)."""
    return attack.behind("approved", "eve", attack.target() | {"content_hash": "0" * 64})


def _replay_behind(attack: Attack) -> str:
    """Write the honest approval once more."""
    return attack.behind("approved", "eve", dict(attack.approved.payload))


def _same_id_behind(attack: Attack) -> str:
    """Propose other levels under the id of a change that was decided or waits."""
    known = [*attack.waiting, attack.approved]
    change_id = str(attack.draw.choice(known).payload["change_id"])
    return attack.behind("proposed", "mallory", attack.ask("mallory", change_id=change_id))


def _small_old_behind(attack: Attack) -> str:
    """Claim that little changes, so that the value limit lets it through."""
    item = attack.draw.choice(ITEMS)
    old = WANTED[0] - 1, WANTED[1] - 1
    told = content_hash("planner", (item, "L1"), old, WANTED, "mallory", "more")
    claimed = {"old_reorder_point_units": old[0], "old_order_up_to_units": old[1]}
    return attack.behind(
        "proposed", "mallory", attack.ask("mallory", item_id=item, content_hash=told, **claimed)
    )


def _other_author_behind(attack: Attack) -> str:
    """Propose what somebody else's fingerprint says, to approve it oneself."""
    payload = attack.ask("ann")
    return attack.behind("proposed", "mallory", payload)


def _edit_line(lines: list[bytes], witnessed: int, draw: random.Random) -> None:
    at = draw.randrange(len(lines))
    fields = json.loads(lines[at])
    fields["actor"] = f"eve {draw.random()}"
    lines[at] = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _wrong_chain(lines: list[bytes], witnessed: int, draw: random.Random) -> None:
    """Add an approval whose chain is made up, or is that of another place."""
    chain = Chain()
    for line in lines[: draw.randrange(len(lines) - 1)]:
        chain.read(line[:-1])
    told = {"change_id": "x", "content_hash": f"{draw.random()}"}
    day = datetime(2024, 3, 6).date()
    lines.append(
        chain.write(Draft(POLICY_FAMILY, "approved", "x", day, "eve", told), "2024-03-06T10:00:00")[1]
    )


def _cut_tail(lines: list[bytes], witnessed: int, draw: random.Random) -> None:
    """Cut off what a release has read; what none has read yet is not witnessed by any."""
    del lines[draw.randrange(1, witnessed) :]


def _rewrite(lines: list[bytes], witnessed: int, draw: random.Random) -> None:
    """Change an event and make every hash after it anew: a ledger that is whole in itself."""
    at, chain = draw.randrange(witnessed), Chain()
    told = [json.loads(line) for line in lines]
    told[at]["actor"] = f"eve {draw.random()}"
    for number, one in enumerate(told):
        day = datetime.fromisoformat(one["business_date"]).date()
        draft = Draft(one["family"], one["event_type"], one["subject"], day, one["actor"], one["payload"])
        lines[number] = chain.write(draft, one["recorded_at"])[1]


def _found(tamper: Callable[[list[bytes], int, random.Random], None]) -> Attempt:
    def attempt(attack: Attack) -> str:
        ledger = attack.office.lake.ledger_file
        lines = ledger.read_bytes().splitlines(keepends=True)
        tamper(lines, attack.witnessed, attack.draw)
        copy = ledger.with_name("tampered.jsonl")
        copy.write_bytes(b"".join(lines))
        verdict = Ledger(copy).verify(witnessed_heads(attack.office.lake))
        assert not verdict.is_intact and verdict.reason
        return "found by verification"

    return attempt


BY_TOOL = (_own_by_tool, _not_named_by_tool, _replay_by_tool)
BEHIND = (
    _own_behind, _edited_behind, _replay_behind, _same_id_behind, _small_old_behind, _other_author_behind,
)  # fmt: skip
TAMPERED = tuple(_found(one) for one in (_edit_line, _wrong_chain, _cut_tail, _rewrite))
REASONS_BEHIND = {
    "SELF_APPROVAL",
    "CHANGE_EDITED",
    "ALREADY_DECIDED",
    "ALREADY_PROPOSED",
    "OLD_VALUE_MOVED",
}


def test_none_of_500_attempts_takes_effect_unseen(tmp_path: Path) -> None:
    attack = Attack(tmp_path / "home")
    assert attack.office.company.level("HONEST") == WANTED, "an honest approval counts"
    outcomes = Counter[str]()
    every = (*BY_TOOL, *BEHIND, *TAMPERED)
    for number in range(ATTEMPTS):
        outcomes[every[number % len(every)](attack)] += 1
    found = attack.office.publish(attack.levels)

    assert sum(outcomes.values()) == ATTEMPTS
    assert outcomes["behind"] == len(attack.written)
    judged = found.approval.set_index("event_id").loc[attack.written]
    assert not judged["is_effective"].any()
    assert set(judged["refusal_reason"]) == REASONS_BEHIND
    # The proposals still wait for somebody else, and nothing else has moved.
    waits = found.policy_change.set_index("item_id")["change_state"]
    assert set(waits.loc[ITEMS]) == {"proposed"}
    assert {item: attack.office.company.level(item) for item in ITEMS} == dict.fromkeys(ITEMS, BEFORE)
    assert attack.office.company.level("HONEST") == WANTED


def test_decisions_do_not_go_on_from_a_table_that_was_changed_after_its_publication(tmp_path: Path) -> None:
    office = Attack(tmp_path / "home").office
    (*_, newest) = releases(office.lake)
    tables = ("policy", "policy_change", "approval", "policy_override")
    assert release_faults(newest, office.ledger, tables) == ()
    file = newest.table("policy_change")
    held = read_arrow(file)
    place = held.column_names.index("new_order_up_to_units")
    file.chmod(0o644)
    write_arrow(held.set_column(place, held.schema.field(place), pa.array([41.0] * held.num_rows)), file)
    (fault,) = release_faults(newest, office.ledger, tables)
    assert "table policy_change" in fault and "was changed after its publication" in fault
    # And a change whose levels are no longer those of its fingerprint cannot be approved.
    change_id = str(held.column("change_id")[0])
    with pytest.raises(StockplanError, match="CHANGE_EDITED"):
        office.desk().decide(change_id, "approved", "fine", "eve")
