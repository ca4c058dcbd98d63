-- Decisions about policies with plain SQL: a planner asks, a manager of the region decides, and
-- `stockplan db decisions` takes both into the ledger, where they count.
--
-- Who somebody is, is the login (`session_user`), never a text that he tells. What the functions check, the
-- tables check too, by keys, constraints and triggers: who writes into them otherwise meets the same rules.
-- Nothing here is ever changed or removed.

set local role stockplan_keeper;

create schema if not exists decide;
comment on schema decide is 'Changes of policies that planners ask for, and what managers decide of them';
grant usage on schema decide to
    stockplan_publisher, stockplan_auditor, stockplan_planner, stockplan_manager;

create table if not exists decide.rules (
    is_only boolean primary key default true check (is_only),
    approval_days integer not null default 7 check (approval_days >= 1),
    override_max_days integer not null default 180 check (override_max_days >= 1)
);
comment on table decide.rules is 'One row: how long a request waits and an override lasts, as the settings say';
comment on column decide.rules.is_only is 'Always true: there is one row';
comment on column decide.rules.approval_days is 'Days for which a request may be decided';
comment on column decide.rules.override_max_days is 'Days for which an override may hold';
insert into decide.rules default values on conflict do nothing;

-- One name however it is written; as orchestration judges it, so that nobody is two persons here.
create or replace function decide.plain_name(name text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select btrim(regexp_replace(lower(normalize(name, nfkc)), '\s+', ' ', 'g'))
$$;

create table if not exists decide.request (
    request_number bigint generated always as identity unique,
    request_id uuid primary key default gen_random_uuid(),
    asked_at timestamptz not null,
    requested_by text not null,
    kind text not null check (kind in ('proposed', 'overridden')),
    item_id text not null,
    location_id text not null,
    region text not null,
    release_id text not null,
    old_reorder_point_units double precision,
    old_order_up_to_units double precision,
    new_reorder_point_units double precision not null,
    new_order_up_to_units double precision not null,
    reason text not null check (btrim(reason) <> ''),
    owner text,
    expires_date date,
    decide_until timestamptz not null,
    content_hash text not null,
    -- A comparison that holds for no NaN, which PostgreSQL puts above every number.
    check (
        new_reorder_point_units >= 0 and new_order_up_to_units >= new_reorder_point_units
        and new_order_up_to_units <= 1e9
    ),
    check ((kind = 'overridden') = (expires_date is not null and owner is not null)),
    unique (request_id, content_hash, requested_by, region)
);
comment on table decide.request is 'One row per change of a policy that somebody asked for here';
comment on column decide.request.request_number is 'Order in which they were asked';
comment on column decide.request.request_id is 'Id of the request; a decision names it';
comment on column decide.request.asked_at is 'When it was asked';
comment on column decide.request.requested_by is 'Login that asked';
comment on column decide.request.kind is 'proposed: for good; overridden: pinned up to a day';
comment on column decide.request.item_id is 'Item';
comment on column decide.request.location_id is 'Location';
comment on column decide.request.region is 'Region of the location, whose manager decides';
comment on column decide.request.release_id is 'Release that the asker had before him';
comment on column decide.request.old_reorder_point_units is 'Reorder point of that release [units]';
comment on column decide.request.old_order_up_to_units is 'Order-up-to level of that release [units]';
comment on column decide.request.new_reorder_point_units is 'Reorder point asked for [units]';
comment on column decide.request.new_order_up_to_units is 'Order-up-to level asked for [units]';
comment on column decide.request.reason is 'Why';
comment on column decide.request.owner is 'Who answers for an override';
comment on column decide.request.expires_date is 'Last day of an override';
comment on column decide.request.decide_until is 'Until when it may be decided';
comment on column decide.request.content_hash is 'Fingerprint of what is asked for; a decision holds for it alone';

create table if not exists decide.decision (
    decision_number bigint generated always as identity unique,
    decision_id uuid primary key default gen_random_uuid(),
    decided_at timestamptz not null,
    decided_by text not null,
    decision text not null check (decision in ('approved', 'rejected', 'withdrawn')),
    -- A request's id, or a change's of the release; decided once.
    subject text not null unique,
    request_id uuid,
    requested_by text not null,
    region text not null,
    content_hash text not null,
    comment text not null default '',
    check (request_id is null or request_id::text = subject),
    constraint nobody_approves_his_own check (
        case decision
            when 'approved' then decide.plain_name(decided_by) <> decide.plain_name(requested_by)
            when 'withdrawn' then decide.plain_name(decided_by) = decide.plain_name(requested_by)
            else true
        end
    ),
    constraint what_was_asked_is_decided
        foreign key (request_id, content_hash, requested_by, region)
        references decide.request (request_id, content_hash, requested_by, region)
);
comment on table decide.decision is 'One row per decision, of a request here or of a change in policy_change';
comment on column decide.decision.decision_number is 'Order in which they were taken';
comment on column decide.decision.decision_id is 'Id of the decision';
comment on column decide.decision.decided_at is 'When it was taken';
comment on column decide.decision.decided_by is 'Login that decided';
comment on column decide.decision.decision is 'approved, rejected, or withdrawn by who asked';
comment on column decide.decision.subject is 'Request, or change of policy_change, that was decided';
comment on column decide.decision.request_id is 'The request, null for a change of policy_change';
comment on column decide.decision.requested_by is 'Who asked for it';
comment on column decide.decision.region is 'Region that it lies in';
comment on column decide.decision.content_hash is 'Fingerprint of what was decided';
comment on column decide.decision.comment is 'What the decision was given along';

create table if not exists decide.outcome (
    subject_id uuid primary key,
    state text not null check (state in ('written', 'refused')),
    told text not null,
    change_id text,
    event_id text,
    taken_at timestamptz not null default clock_timestamp()
);
comment on table decide.outcome is 'What became of a request or decision when it was taken into the ledger';
comment on column decide.outcome.subject_id is 'request_id or decision_id';
comment on column decide.outcome.state is 'written: it is an event of the ledger; refused: it changes nothing';
comment on column decide.outcome.told is 'Why it was refused, or from when on it counts';
comment on column decide.outcome.change_id is 'The change in the ledger';
comment on column decide.outcome.event_id is 'The event in the ledger';
comment on column decide.outcome.taken_at is 'When it was taken';
grant select on decide.rules, decide.request, decide.decision, decide.outcome to
    stockplan_publisher, stockplan_auditor;

-- Fingerprint of everything that is asked for.
create or replace function decide.content_hash(asked decide.request) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select encode(sha256(convert_to(jsonb_build_array(
        asked.request_id, asked.requested_by, asked.kind, asked.item_id, asked.location_id, asked.region,
        asked.release_id, asked.old_reorder_point_units, asked.old_order_up_to_units,
        asked.new_reorder_point_units, asked.new_order_up_to_units, asked.reason, asked.owner,
        asked.expires_date
    )::text, 'UTF8')), 'hex')
$$;

-- Whether the login belongs to a role and sees a region.
create or replace function decide.may_act(role_name text, region text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select
        pg_has_role(session_user, role_name, 'member')
        and exists (
            select from serving.reader_region as seen
            where seen.login = session_user and seen.region in (may_act.region, '*')
        )
$$;

create or replace function decide.refuse(reason text, told text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%: %', reason, told using errcode = 'insufficient_privilege';
end
$$;

-- Who asks is the login, what holds now is the release's, whatever the insert says.
create or replace function decide.check_request() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    current_policy record;
    rules decide.rules%rowtype;
begin
    select * into strict rules from decide.rules;
    if to_regclass('published.policy') is null or to_regclass('published.location') is null then
        perform decide.refuse('NO_RELEASE', 'no release with policies and locations is published here');
    end if;
    -- Under the policies of the login: what it does not see is not there.
    select
        policy.release_id, policy.reorder_point_units, policy.order_up_to_units, location.region
    into current_policy
    from published.policy as policy
    join published.location as location on location.location_id = policy.location_id
    where policy.item_id = new.item_id and policy.location_id = new.location_id;
    if not found or not decide.may_act('stockplan_planner', current_policy.region) then
        perform decide.refuse(
            'UNKNOWN_ITEM_LOCATION',
            format('%s may ask for no change of %s at %s', session_user, new.item_id, new.location_id)
        );
    end if;
    if decide.plain_name(session_user) = 'stockplan' then
        perform decide.refuse('RESERVED_NAME', 'nobody decides under the name of the calculation');
    end if;
    new.requested_by := session_user;
    new.asked_at := clock_timestamp();
    new.region := current_policy.region;
    new.release_id := current_policy.release_id;
    new.old_reorder_point_units := current_policy.reorder_point_units;
    new.old_order_up_to_units := current_policy.order_up_to_units;
    new.decide_until := new.asked_at + make_interval(days => rules.approval_days);
    if new.expires_date not between current_date and current_date + rules.override_max_days then
        perform decide.refuse(
            'EXPIRY_IMPLAUSIBLE',
            format('an override ends within %s days, and not before today', rules.override_max_days)
        );
    end if;
    new.content_hash := decide.content_hash(new);
    return new;
end
$$;

-- Who decides is the login, a manager of the region, in time, and of what was asked.
create or replace function decide.check_decision() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    asked record;
begin
    new.decided_by := session_user;
    new.decided_at := clock_timestamp();
    select request_id, requested_by, region, content_hash, decide_until into asked
    from decide.request where request_id::text = new.subject;
    if found then
        new.request_id := asked.request_id;
    elsif to_regclass('published.policy_change') is not null then
        new.request_id := null;
        select change.author as requested_by, location.region, change.content_hash, null as decide_until
        into asked
        from published.policy_change as change
        join published.location as location on location.location_id = change.location_id
        where change.change_id = new.subject and change.change_state = 'proposed';
    end if;
    if asked.region is null or not (
        decide.may_act('stockplan_manager', asked.region)
        or (new.decision = 'withdrawn' and decide.may_act('stockplan_planner', asked.region))
    ) then
        perform decide.refuse(
            'UNKNOWN_CHANGE', format('nothing waits as %s that %s may decide', new.subject, session_user)
        );
    end if;
    if asked.decide_until < new.decided_at then
        perform decide.refuse('PROPOSAL_EXPIRED', format('it could be decided until %s', asked.decide_until));
    end if;
    if new.content_hash is distinct from asked.content_hash then
        perform decide.refuse('CHANGE_EDITED', 'it is not what was decided about; look at it again');
    end if;
    if exists (select from decide.decision as earlier where earlier.subject = new.subject) then
        perform decide.refuse('ALREADY_DECIDED', 'somebody has decided it');
    end if;
    new.requested_by := asked.requested_by;
    new.region := asked.region;
    return new;
end
$$;

create or replace function decide.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%.% only grows: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger rules before insert on decide.request
for each row execute function decide.check_request();
create or replace trigger rules before insert on decide.decision
for each row execute function decide.check_decision();

do $$
declare
    table_name text;
begin
    foreach table_name in array array['request', 'decision', 'outcome'] loop
        execute format(
            'create or replace trigger only_grows before update or delete on decide.%I '
            'for each row execute function decide.refuse_change()',
            table_name
        );
        execute format(
            'create or replace trigger is_never_emptied before truncate on decide.%I '
            'for each statement execute function decide.refuse_change()',
            table_name
        );
    end loop;
end
$$;

-- Ask for levels of an item-location for good; returns the request's id.
create or replace function decide.propose(
    item_id text, location_id text, reorder_point_units double precision,
    order_up_to_units double precision, reason text
) returns uuid
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into decide.request
        (kind, item_id, location_id, new_reorder_point_units, new_order_up_to_units, reason)
    values ('proposed', item_id, location_id, reorder_point_units, order_up_to_units, reason)
    returning request_id
$$;
comment on function decide.propose(text, text, double precision, double precision, text) is
    'Ask for a reorder point and an order-up-to level';

-- Ask for levels that hold against the calculation up to and with a day; returns the request's id.
create or replace function decide.override(
    item_id text, location_id text, reorder_point_units double precision,
    order_up_to_units double precision, reason text, owner text, expires_date date
) returns uuid
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into decide.request
        (kind, item_id, location_id, new_reorder_point_units, new_order_up_to_units, reason, owner,
        expires_date)
    values ('overridden', item_id, location_id, reorder_point_units, order_up_to_units, reason, owner,
        expires_date)
    returning request_id
$$;
comment on function
    decide.override(text, text, double precision, double precision, text, text, date) is
    'Ask for levels that are pinned up to and with a day';

-- Decide a request, or a change that waits in published.policy_change; `content_hash` is that of what was seen.
create or replace function decide.approve(subject text, content_hash text, comment text default '')
returns uuid
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into decide.decision (decision, subject, content_hash, comment)
    values ('approved', subject, content_hash, comment) returning decision_id
$$;
comment on function decide.approve(text, text, text) is 'Approve what somebody else asked for';

create or replace function decide.reject(subject text, content_hash text, comment text default '')
returns uuid
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into decide.decision (decision, subject, content_hash, comment)
    values ('rejected', subject, content_hash, comment) returning decision_id
$$;
comment on function decide.reject(text, text, text) is 'Reject what somebody asked for';

create or replace function decide.withdraw(subject text, content_hash text, comment text default '')
returns uuid
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into decide.decision (decision, subject, content_hash, comment)
    values ('withdrawn', subject, content_hash, comment) returning decision_id
$$;
comment on function decide.withdraw(text, text, text) is 'Take back what one has asked for oneself';

-- What became of requests and decisions; the publisher's, who takes them into the ledger.
create or replace function decide.record_outcome(
    subject_id uuid, state text, told text, change_id text, event_id text
) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into decide.outcome (subject_id, state, told, change_id, event_id)
    values (subject_id, state, told, change_id, event_id)
    on conflict do nothing
$$;
create or replace function decide.set_rules(approval_days integer, override_max_days integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    update decide.rules
    set approval_days = set_rules.approval_days, override_max_days = set_rules.override_max_days
    where (rules.approval_days, rules.override_max_days)
        is distinct from (set_rules.approval_days, set_rules.override_max_days)
$$;

-- Neither a plan's estimate nor its counts shall tell what is asked for in other regions: the tables have no
-- statistics of their values, and `offset 0` keeps a reader's conditions above those of the view.
do $$
declare
    place record;
begin
    for place in
        select attrelid::regclass as relation, attname from pg_attribute
        where attrelid in ('decide.request'::regclass, 'decide.decision'::regclass, 'decide.outcome'::regclass)
            and attnum > 0 and not attisdropped
    loop
        execute format('alter table %s alter column %I set statistics 0', place.relation, place.attname);
    end loop;
end
$$;

create or replace view decide.waiting with (security_barrier = true) as
select *
from (
    select request.*
    from decide.request as request
    where request.decide_until >= now()
        and not exists (select from decide.decision where decision.subject = request.request_id::text)
        and exists (
            select from serving.reader_region as seen
            where seen.login = session_user and seen.region in (request.region, '*')
        )
    offset 0
) as seen;
comment on view decide.waiting is 'Requests of the login''s regions that wait for a decision';

create or replace view decide.answer with (security_barrier = true) as
select *
from (
    select
        told.subject_id, told.what, told.by_login, told.at_time, told.subject, outcome.state, outcome.told,
        outcome.change_id, outcome.event_id, outcome.taken_at
    from (
        select request_id as subject_id, kind as what, requested_by as by_login, asked_at as at_time,
            request_id::text as subject, region
        from decide.request
        union all
        select decision_id, decision, decided_by, decided_at, subject, region from decide.decision
    ) as told
    left join decide.outcome on outcome.subject_id = told.subject_id
    where exists (
        select from serving.reader_region as seen
        where seen.login = session_user and seen.region in (told.region, '*')
    )
    offset 0
) as seen;
comment on view decide.answer is 'What was asked and decided in the login''s regions, and what the ledger said';

revoke all on all functions in schema decide from public;
grant execute on function
    decide.propose(text, text, double precision, double precision, text),
    decide.override(text, text, double precision, double precision, text, text, date)
    to stockplan_planner;
grant execute on function decide.withdraw(text, text, text) to stockplan_planner;
grant execute on function
    decide.approve(text, text, text), decide.reject(text, text, text)
    to stockplan_manager;
grant execute on function
    decide.record_outcome(uuid, text, text, text, text), decide.set_rules(integer, integer),
    decide.content_hash(decide.request)
    to stockplan_publisher;
grant select on decide.waiting, decide.answer to stockplan_planner, stockplan_manager;
