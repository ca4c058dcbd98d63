-- The ledger's lines once more, in a table that only grows: whoever cuts off, edits or replaces the file has
-- this copy against him, and who rewrites this copy has the file.
--
-- Each line must continue the chain, or it is refused. What an event is stands in
-- orchestration/lake/events.py; here its hash is taken again as it is there.

set local role stockplan_keeper;

alter default privileges for role stockplan_keeper revoke execute on functions from public;

create schema if not exists audit;
comment on schema audit is 'The ledger''s lines: append-only, each with the hash of the one before it';
grant usage on schema audit to stockplan_publisher, stockplan_auditor;

create table if not exists audit.event (
    seq bigint primary key,
    event_id text not null unique,
    family text not null,
    event_type text not null,
    subject text not null,
    business_date date not null,
    actor text not null,
    recorded_at timestamptz not null,
    payload jsonb not null,
    line text not null,
    prev_hash text not null unique,
    hash text not null unique,
    stored_at timestamptz not null default clock_timestamp()
);
comment on table audit.event is 'One row per event of the ledger';
comment on column audit.event.seq is 'Number of the event, from 1 without a gap';
comment on column audit.event.event_id is 'Id of the event''s content';
comment on column audit.event.family is 'What it is about';
comment on column audit.event.event_type is 'What happened';
comment on column audit.event.subject is 'To which release, change, order or pool';
comment on column audit.event.business_date is 'Business date of the event';
comment on column audit.event.actor is 'Who did it';
comment on column audit.event.recorded_at is 'When it was written into the ledger';
comment on column audit.event.payload is
    'What else it says, for queries; characters that jsonb cannot hold are replaced';
comment on column audit.event.line is 'The ledger''s own line, without its newline: what the hash is of';
comment on column audit.event.prev_hash is 'Hash of the event before it, 64 zeros for the first';
comment on column audit.event.hash is 'SHA-256 of the line without this hash';
comment on column audit.event.stored_at is 'When it was written into this database';
grant select on audit.event to stockplan_publisher, stockplan_auditor;

-- Refuse a line that does not continue the chain, or whose hash is not that of its content.
create or replace function audit.check_event() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    hash_key constant text := ',"hash":"';
    -- Inner quotes are escaped, so the key stands once at the top, before the payload.
    key_at constant integer := position(hash_key in new.line);
    told_hash constant text := substr(new.line, key_at + length(hash_key), 64);
    unhashed constant text :=
        left(new.line, key_at - 1) || substr(new.line, key_at + length(hash_key) + 64 + 1);
    -- After the payload: no text can hold an unescaped quote, so this end is the event's own.
    tail constant text[] := regexp_match(
        new.line,
        ',"prev_hash":"([0-9a-f]{64})","recorded_at":"[^"\\]*","seq":(\d+),"subject":"(?:[^"\\]|\\.)*"\}$'
    );
    last_seq bigint;
    last_hash text;
begin
    select seq, hash into last_seq, last_hash from audit.event order by seq desc limit 1;
    if key_at = 0 or tail is null then
        raise exception 'event % is not a line of the ledger', new.seq
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.hash <> told_hash or new.hash <> encode(sha256(convert_to(unhashed, 'UTF8')), 'hex') then
        raise exception 'event % was edited: its content does not match its hash', new.seq
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.seq <> coalesce(last_seq, 0) + 1
        or new.seq <> tail[2]::bigint
        or new.prev_hash <> tail[1]
        or new.prev_hash <> coalesce(last_hash, repeat('0', 64))
    then
        raise exception 'event % does not follow event %', new.seq, coalesce(last_seq, 0)
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

create or replace function audit.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%.% only grows: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger chain before insert on audit.event
for each row execute function audit.check_event();
create or replace trigger only_grows before update or delete on audit.event
for each row execute function audit.refuse_change();
create or replace trigger is_never_emptied before truncate on audit.event
for each statement execute function audit.refuse_change();

-- The last event, which stays the last until the caller's transaction ends: one writer at a time, while
-- everybody may read.
create or replace function audit.hold_end() returns table (seq bigint, hash text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    lock table audit.event in share row exclusive mode;
    return query select event.seq, event.hash from audit.event order by event.seq desc limit 1;
end
$$;
comment on function audit.hold_end() is 'The last event; nobody else appends until the transaction ends';

-- Append events in their order and return how many. `events`: the columns of each, the line among them.
create or replace function audit.append(events jsonb) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    appended bigint;
begin
    lock table audit.event in share row exclusive mode;
    insert into audit.event (
        seq, event_id, family, event_type, subject, business_date, actor, recorded_at, payload, line,
        prev_hash, hash
    )
    select
        seq, event_id, family, event_type, subject, business_date, actor, recorded_at, payload, line,
        prev_hash, hash
    from jsonb_to_recordset(events) as told (
        seq bigint, event_id text, family text, event_type text, subject text, business_date date,
        actor text, recorded_at timestamptz, payload jsonb, line text, prev_hash text, hash text
    )
    order by seq;
    get diagnostics appended = row_count;
    return appended;
end
$$;
comment on function audit.append(jsonb) is 'Append lines of the ledger that continue the chain';
revoke all on function audit.check_event(), audit.refuse_change(), audit.hold_end(), audit.append(jsonb)
    from public;
grant execute on function audit.hold_end(), audit.append(jsonb) to stockplan_publisher;
