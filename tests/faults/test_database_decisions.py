"""Decisions by plain SQL: what counts comes into the ledger once, and nobody gets past the four eyes.

More than 500 attempts, each with its own login on a real server, through the functions and around them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg
import pytest

from optimization.errors import StockplanError
from optimization.parameters import GovernanceParameters
from orchestration.defs.allocation.ledger_read import kept_position
from orchestration.defs.history.assets import ledger_state
from orchestration.defs.resources import Pipeline
from orchestration.evidence.decisions.database import ORIGIN, DatabaseDecisions, TakenDecision, take_decisions
from orchestration.lake.disk import DiskFullError
from orchestration.lake.ledger import Ledger, LedgerBrokenError
from orchestration.outcomes import Code
from orchestration.publish.serving.audit import compare_audit
from orchestration.publish.serving.publishing import publish_release
from orchestration.publish.serving.schema import init
from orchestration.publish.serving.session import publisher
from orchestration.publish.shelf import current_release
from orchestration.settings import Settings
from orchestration.upkeep.round import mend
from tests.governance_days import Company
from tests.governance_office import Office
from tests.served import Served, settings_of
from tests.servers import PostgresServer

ITEMS = [f"I{number}" for number in range(10)]
BEFORE, WANTED = (20.0, 40.0), (30.0, 60.0)
ROUNDS = 4

Connection = psycopg.Connection[Any]


@dataclass
class Town:
    """An office whose releases are served, and the people of two regions with a connection each."""

    office: Office
    served: Served
    people: dict[str, Connection] = field(default_factory=dict)

    def who(self, name: str) -> Connection:
        if name not in self.people:
            self.people[name] = psycopg.connect(self.served.url(name), autocommit=True)
        return self.people[name]

    def ask(self, name: str, item: str, levels: tuple[float, float] = WANTED) -> tuple[str, str]:
        """Somebody asks for levels; returns the request's id and fingerprint."""
        query = "select decide.propose(%s, 'L1', %s, %s, 'more demand')"
        (request_id,) = self.who(name).execute(query, [item, *levels]).fetchone() or (None,)
        return str(request_id), self.hash_of(request_id)

    def hash_of(self, request_id: UUID | None) -> str:
        with self.served.admin() as connection:
            query = "select content_hash from decide.request where request_id = %s"
            (told,) = connection.execute(query, [request_id]).fetchone() or ("",)
        return str(told)

    def approve(self, name: str, request: tuple[str, str]) -> None:
        self.who(name).execute("select decide.approve(%s, %s, 'seen')", list(request))

    def take(self) -> list[TakenDecision]:
        """What `stockplan db decisions` does."""
        return list(take_decisions(self.office.desk(), self.settings.serving))

    @property
    def settings(self) -> Settings:
        """The installation's, with the publisher's address."""
        return settings_of(self.office.lake.root, self.served.url("publisher"))


@pytest.fixture
def town(postgres: PostgresServer, database: str, tmp_path: Any) -> Any:
    office = Office(Settings(home=tmp_path), Company(GovernanceParameters(approvers=())))
    office.publish(dict.fromkeys(ITEMS, BEFORE))
    with postgres.connect(database) as connection:
        init(connection)
    release = current_release(office.lake)
    assert release is not None
    served = Served(postgres, database, office.lake, release)
    served.login("publisher", "publisher")
    settings = settings_of(tmp_path, served.url("publisher"))
    publish_release(release, office.lake, office.ledger, settings)
    for name, role, regions in (
        ("paula", "planner", ["EAST"]), ("wim", "planner", ["WEST"]),
        ("max", "manager", ["EAST"]), ("mia", "manager", ["*"]), ("wes", "manager", ["WEST"]),
        ("aud", "auditor", []), ("ria", "reader", ["EAST"]), ("mallory", "planner", ["EAST"]),
        ("MALLORY", "manager", ["EAST"]),
    ):  # fmt: skip
        served.login(name, role, *regions)
    with served.admin() as connection:
        # One person with both roles, which is allowed, and who may still not approve what is his own.
        connection.execute(f'grant stockplan_manager to "{served.name_of("mallory")}"'.encode())
    town = Town(office, served)
    yield town
    for connection in town.people.values():
        connection.close()


def test_what_a_planner_asks_and_a_manager_approves_takes_effect(town: Town):
    asked = [town.ask("paula", item) for item in ITEMS[:3]]
    town.approve("max", asked[0])
    town.who("max").execute("select decide.reject(%s, %s, 'too much')", list(asked[1]))
    town.who("paula").execute("select decide.withdraw(%s, %s)", list(asked[2]))

    taken = town.take()
    assert [one.state for one in taken] == ["written"] * 6
    told = [event for event in town.office.ledger.events("policy") if ORIGIN in event.payload]
    assert [(event.event_type, event.actor) for event in told] == [
        *[("proposed", town.served.name_of("paula"))] * 3,
        ("approved", town.served.name_of("max")),
        ("rejected", town.served.name_of("max")),
        ("withdrawn", town.served.name_of("paula")),
    ]
    assert town.take() == []
    with town.served.connect("publisher") as connection:
        compared = compare_audit(connection, town.office.ledger)
    assert (compared.faults, compared.n_missing) == ((), 0)

    town.office.publish(dict.fromkeys(ITEMS, BEFORE))
    policy = town.office.company.before.policy
    assert policy is not None
    in_force = dict(zip(policy["item_id"], policy["order_up_to_units"], strict=True))
    assert in_force == {**dict.fromkeys(ITEMS, BEFORE[1]), "I0": WANTED[1]}


def test_upkeep_takes_what_was_decided_and_tells_it(town: Town):
    town.approve("max", town.ask("paula", "I0"))
    clock = town.office.desk().clock
    mended = mend(town.settings, clock)
    assert mended.code == Code.OK, mended.told
    assert [told.split(" (")[0] for told in mended.told] == [
        f"proposed by {town.served.name_of('paula')}",
        f"approved by {town.served.name_of('max')}",
    ]
    assert mend(town.settings, clock).told == ()
    assert town.take() == []


def _begin_day(town: Town, settings: Settings) -> tuple[int, str]:
    """Run the asset that reads the ledger for the day; return how far it reads, and what it tells."""
    told: list[str] = []
    day = town.office.desk().clock().date()
    # The office lives on a day of its own.
    today = settings.model_copy(update={"today": day})
    pipeline = Pipeline(today, watch=lambda event: told.append(event.detail))
    done = dg.materialize(
        [ledger_state],
        partition_key=day.isoformat(),
        instance=dg.DagsterInstance.ephemeral(),
        resources={"pipeline": pipeline},
    )
    assert done.success
    return int(kept_position(pipeline.lake, day)["seq"]), told[-1]


def test_a_day_begins_with_what_was_decided_in_the_database(town: Town):
    town.approve("max", town.ask("paula", "I0"))
    before = town.office.ledger.head()
    reads_to, told = _begin_day(town, town.settings)
    assert "approved by" in told
    assert town.office.ledger.head() != before
    assert reads_to == list(town.office.ledger.events())[-1].seq
    assert town.take() == []


def test_nothing_is_written_behind_the_end_of_a_ledger_that_was_cut(town: Town):
    town.approve("max", town.ask("paula", "I0"))
    path = town.office.lake.ledger_file
    whole = path.read_bytes()
    cut = b"".join(whole.splitlines(keepends=True)[:-1])
    path.write_bytes(cut)
    with pytest.raises(LedgerBrokenError):
        town.take()
    assert path.read_bytes() == cut
    path.write_bytes(whole)
    assert [one.state for one in town.take()] == ["written"] * 2


def test_a_database_that_is_away_keeps_no_day_back(town: Town):
    town.ask("paula", "I0")
    away = settings_of(town.office.lake.root, "postgresql://pipeline:hush-hush@127.0.0.1:1/stockplan")
    _, told = _begin_day(town, away)
    assert "decisions made in the database: " in told
    assert "hush-hush" not in told
    assert [one.state for one in town.take()] == ["written"]


def test_a_publication_that_goes_on_is_not_waited_for_long(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.upkeep.round._LOCK_WAIT_SECONDS", 0.2)
    town.ask("paula", "I0")
    with publisher(town.settings.serving):
        mended = mend(town.settings, town.office.desk().clock)
    assert (mended.code, len(mended.told)) == (Code.OK, 1)
    assert "lock timeout" in mended.told[0]
    assert [one.state for one in town.take()] == ["written"]


@pytest.mark.parametrize("fails", ["the ledger's disk", "the current release"])
def test_what_fails_on_our_side_is_nobodys_refusal(town: Town, monkeypatch: pytest.MonkeyPatch, fails: str):
    town.ask("paula", "I0")

    def full(*told: object, **more: object) -> None:
        raise DiskFullError("ledger.jsonl cannot be written")

    with monkeypatch.context() as broken, pytest.raises(StockplanError):
        if fails == "the ledger's disk":
            broken.setattr(Ledger, "append_timed", full)
        else:
            broken.setattr("orchestration.evidence.decisions.desk.current_release", lambda lake: None)
        town.take()
    assert [one.state for one in town.take()] == ["written"]


def test_an_override_comes_with_its_owner_and_last_day(town: Town):
    query = "select decide.override('I0', 'L1', 5, 9, 'launch', 'paula', current_date + %s)"
    town.who("paula").execute(query, [10])
    with pytest.raises(psycopg.Error, match="EXPIRY_IMPLAUSIBLE"):
        town.who("paula").execute(query, [181])
    with pytest.raises(psycopg.Error, match="EXPIRY_IMPLAUSIBLE"):
        town.who("paula").execute(query, [-1])
    # The office's days are past, so its desk refuses a last day of now, and says so.
    (taken,) = town.take()
    assert (taken.state, taken.told.split(":")[0]) == ("refused", "EXPIRY_IMPLAUSIBLE")
    row = town.who("paula").execute("select state, told from decide.answer").fetchone()
    assert row == ("refused", taken.told)


def test_what_the_desk_refuses_is_told_back(town: Town):
    rules = GovernanceParameters(approvers=(town.served.name_of("mia"),))
    town.office.company.rules = rules
    asked = town.ask("paula", "I0")
    town.approve("max", asked)
    taken = town.take()
    assert [one.state for one in taken] == ["written", "refused"]
    assert taken[1].told.startswith("NOT_AN_APPROVER")
    answers = town.who("max").execute("select what, state from decide.answer order by at_time").fetchall()
    assert answers == [("proposed", "written"), ("approved", "refused")]
    assert town.who("wes").execute("select * from decide.answer").fetchall() == []


def test_a_crash_between_ledger_and_database_writes_nothing_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    town.approve("max", town.ask("paula", "I0"))
    record = DatabaseDecisions._record
    for n_recorded in range(2):
        left = [n_recorded]

        def dying(self: DatabaseDecisions, taken: TakenDecision, event: Any, left: list[int] = left) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            record(self, taken, event)

        monkeypatch.setattr(DatabaseDecisions, "_record", dying)
        with pytest.raises(KeyboardInterrupt):
            town.take()
    monkeypatch.undo()
    assert [one.state for one in town.take()] == ["written"]
    types = [event.event_type for event in town.office.ledger.events("policy")]
    assert types == ["proposed", "approved"]


def test_no_attempt_gets_past_the_four_eyes(town: Town):
    counts: Counter[str] = Counter()
    succeeded: list[str] = []
    suffix = town.served.database

    def refused(name: str, attempt: str, query: str, *values: Any, role: str | None = None) -> None:
        counts[attempt] += 1
        connection = town.who(name)
        try:
            if role is not None:
                connection.execute(f"set role {role}".encode())
            connection.execute(query.encode(), values)
        except psycopg.Error:
            return
        finally:
            if role is not None:
                connection.execute("reset role")
        succeeded.append(f"{attempt} by {name}")

    own = [town.ask("mallory", item) for item in ITEMS]
    approve = "select decide.approve(%s, %s, 'mine')"
    insert = (
        "insert into decide.decision (decision, subject, content_hash, decided_by, decided_at, requested_by, "
        "region) values ('approved', %s, %s, %s, now(), 'somebody', 'EAST')"
    )
    edit = "update decide.request set requested_by = 'x' where request_id = %s"
    delete = "delete from decide.request where request_id = %s"
    outcome = "insert into decide.outcome (subject_id, state, told) values (%s, 'written', '')"
    for _ in range(ROUNDS):
        for request in own:
            refused("mallory", "own request", approve, *request)
            refused("MALLORY", "own request under another writing", approve, *request)
            refused("mallory", "in the manager's role", approve, *request, role="stockplan_manager")
            refused("mallory", "rejected, then approved", approve, request[0], "0" * 64)
            refused("wes", "another region's manager", approve, *request)
            refused("paula", "a planner", approve, *request)
            refused("paula", "a planner in the manager's role", approve, *request, role="stockplan_manager")
            refused("aud", "an auditor", approve, *request)
            refused("ria", "a reader", approve, *request)
            refused("publisher", "the publisher", approve, *request)
            refused("publisher", "the publisher as keeper", approve, *request, role="stockplan_keeper")
            refused("max", "another content", approve, request[0], "f" * 64)
            refused("max", "nothing that waits", approve, "0" * 16, request[1])
            refused("max", "withdrawn for another", "select decide.withdraw(%s, %s)", *request)
            refused("mallory", "an insert", insert, *request, f"max_{suffix}")
            refused("publisher", "the publisher's insert", insert, *request, f"max_{suffix}")
            refused("mallory", "an edit", edit, request[0])
            refused("publisher", "the publisher's edit", delete, request[0])
            refused("publisher", "an outcome of its own", outcome, request[0])
    # A superuser's hands, in the keeper's role: keys, constraints and triggers are no matter of rights.
    with town.served.admin() as admin:
        for request in own:
            for attempt in (
                f"insert into decide.decision (decision, subject, content_hash, decided_by, requested_by) "
                f"values ('approved', '{request[0]}', '{request[1]}', 'max_{suffix}', 'somebody')",
                f"update decide.request set requested_by = 'paula' where request_id = '{request[0]}'",
                f"delete from decide.request where request_id = '{request[0]}'",
                "truncate decide.request cascade",
            ):
                counts["a superuser, the rules in force"] += 1
                with pytest.raises(psycopg.Error):
                    admin.execute(attempt.encode())
    assert succeeded == []
    print(f"\n{counts.total()} attempts at approval refused, in {len(counts)} ways")
    assert counts.total() >= 500
    with town.served.admin() as admin:
        assert admin.execute("select count(*) from decide.decision").fetchone() == (0,)
    # And the honest way is open.
    town.approve("max", own[0])
    assert {one.state for one in town.take()} == {"written"}


def test_of_many_who_decide_at_once_one_does(town: Town):
    asked = [town.ask("paula", item) for item in ITEMS]
    won: Counter[str] = Counter()
    lost: list[str] = []
    barrier = threading.Barrier(8)

    def decide(number: int) -> None:
        verb = ("approve", "reject")[number % 2]
        name = ("max", "mia")[number // 2 % 2]
        with psycopg.connect(town.served.url(name), autocommit=True) as connection:
            for request in asked:
                barrier.wait(30)
                try:
                    connection.execute(f"select decide.{verb}(%s, %s)".encode(), list(request))
                    won[request[0]] += 1
                except psycopg.Error as error:
                    lost.append(error.sqlstate or "")

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == dict.fromkeys((request[0] for request in asked), 1)
    assert len(lost) == 7 * len(asked)
    assert set(lost) <= {"23505", "42501"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update decide.request set decide_until = now() - interval '1 minute'", "PROPOSAL_EXPIRED"),
        ("update decide.request set new_order_up_to_units = 900", "CHANGE_EDITED"),
    ],
)
def test_what_a_superuser_bends_is_refused_all_the_same(town: Town, change: str, told: str):
    asked = town.ask("paula", "I0")
    with town.served.admin() as admin:
        # Not even triggers: as a restore of another's copy would write it.
        admin.execute("set session_replication_role = replica")
        admin.execute(change.encode())
    refusals = []
    try:
        town.approve("max", asked)
    except psycopg.Error as error:
        refusals.append(str(error.diag.message_primary))
    refusals += [one.told for one in town.take() if one.state == "refused"]
    assert any(refusal.startswith(told) for refusal in refusals)


def test_a_role_or_region_that_was_taken_away_counts_at_once(town: Town):
    asked = town.ask("paula", "I0")
    town.who("mia")
    with town.served.admin() as admin:
        admin.execute("delete from serving.reader_region where login = %s", [town.served.name_of("max")])
        with pytest.raises(psycopg.Error, match="UNKNOWN_CHANGE"):
            town.approve("max", asked)
        admin.execute(f'revoke stockplan_manager from "{town.served.name_of("mia")}"'.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            town.approve("mia", asked)


def test_a_planner_asks_for_no_place_of_another_region(town: Town):
    attempts: list[Callable[[], object]] = [
        lambda: town.ask("wim", "I0"),
        lambda: town.ask("paula", "I99"),
        lambda: town.ask("max", "I0"),
        lambda: town.ask("paula", "I0", (float("nan"), float("nan"))),
        lambda: town.ask("paula", "I0", (9.0, 5.0)),
        lambda: town.ask("paula", "I0", (1.0, float("inf"))),
    ]
    for attempt in attempts:
        with pytest.raises(psycopg.Error):
            attempt()
    assert town.take() == []


def test_an_answer_that_the_publisher_makes_up_moves_no_approval_to_another_change(town: Town):
    """Which change a request became is told by the ledger, not by the database's answer."""
    other = town.ask("paula", "I1")
    town.take()
    (change_id,) = town.who("paula").execute("select change_id from decide.answer").fetchone() or ("",)
    seen = town.ask("paula", "I0")
    town.who("publisher").execute(
        "select decide.record_outcome(%s, 'written', 'counts', %s, 'E')", [seen[0], change_id]
    )
    town.approve("max", seen)
    (taken,) = town.take()
    assert (taken.state, taken.what) == ("refused", "approved")
    assert [event.event_type for event in town.office.ledger.events("policy")] == ["proposed"]
    # What was honestly asked can still be approved.
    town.approve("max", other)
    assert [one.state for one in town.take()] == ["written"]
