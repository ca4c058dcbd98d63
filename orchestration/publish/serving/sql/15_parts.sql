-- What the publisher does with the tables of `store`: each deed is a function, and rows are copied into a part
-- that was begun in the same transaction. Once a part is complete, nobody has a right to write it.
--
-- The publisher owns no table. Whoever owns one can hang a policy, an index or a constraint on it, whose
-- functions run in the name of whoever reads it: a manager's, the keeper's, an administrator's.

set local role stockplan_owner;

-- Name of a table's part, which must not be cut off: it would be another's.
create or replace function serving.part_name(table_name text, release_id text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    if octet_length(table_name || '__' || release_id) > 63 then
        raise exception 'the name of a part of % is too long', table_name using errcode = 'name_too_long';
    end if;
    return table_name || '__' || release_id;
end
$$;
comment on function serving.part_name(text, text) is 'Name of the part that a table has of a release';

-- Give store.<table> and its view the columns that they lack, of these types; make both if there are none.
create or replace function serving.grow_table(table_name text, column_names text[], column_types text[])
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    is_new constant boolean := to_regclass(format('store.%I', table_name)) is null;
    definitions constant text := (
        select string_agg(
            format('%s%I %s', case when is_new then '' else 'add column ' end, column_name, column_type), ', '
            order by place
        )
        from unnest(column_names, column_types) with ordinality as told (column_name, column_type, place)
    );
begin
    if table_name = 'release' then
        raise exception 'published.release is the current release' using errcode = 'reserved_name';
    end if;
    -- Nothing but plain types, which bring no code of their own.
    if exists (
        select from unnest(column_types) as column_type
        where column_type !~ '^(text|boolean|bigint|double precision|date|timestamp with(out)? time zone|numeric[(]\d+,\d+[)])$'
    ) then
        raise exception 'columns of % have types that are not served', table_name
            using errcode = 'wrong_object_type';
    end if;
    if is_new then
        execute format('create table store.%I (%s) partition by list (release_id)', table_name, definitions);
        execute format('alter table store.%I alter column release_id set not null', table_name);
        execute format('alter table store.%I enable row level security, force row level security', table_name);
    else
        -- Readers take the view first as well, so that none can hold the one and wait for the other.
        execute format('alter view published.%I set (security_barrier = true)', table_name);
        execute format('alter table store.%I %s', table_name, definitions);
    end if;
    -- In the attached parts too; why, see serving.end_part.
    execute format('alter table store.%I %s', table_name, (
        select string_agg(format('alter column %I set statistics 0', column_name), ', ')
        from unnest(column_names) as column_name
    ));
    perform serving.show_table(table_name);
end
$$;
comment on function serving.grow_table(text, text[], text[]) is
    'Give a table and its view further columns, or make both';

-- Make an empty part, into which the publisher may copy.
create or replace function serving.begin_part(table_name text, release_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    part constant text := serving.part_name(table_name, release_id);
begin
    execute format('create table store.%I (like store.%I)', part, table_name);
    execute format('grant insert on store.%I to stockplan_publisher', part);
end
$$;
comment on function serving.begin_part(text, text) is 'Make an empty part of a table, to be filled';

-- Close a part for ever: its rows are of the release, and `told` says what they are.
create or replace function serving.end_part(table_name text, release_id text, told text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    part constant text := serving.part_name(table_name, release_id);
    without_statistics constant text := (
        select string_agg(format('alter column %I set statistics 0', attname), ', ')
        from pg_attribute
        where attrelid = format('store.%I', part)::regclass and attnum > 0 and not attisdropped
    );
begin
    execute format('revoke insert on store.%I from stockplan_publisher', part);
    -- With this, attaching need not look at the rows; and a part is ended once.
    execute format(
        'alter table store.%I add constraint of_release check (release_id = %L)', part, release_id
    );
    -- The policies stand on the parent; read around it, a part shows nothing.
    execute format('alter table store.%I enable row level security, force row level security', part);
    execute format('comment on table store.%I is %L', part, told);
    -- How many rows there are, and nothing of what they hold: the planner's estimate of a condition would
    -- tell a reader how often a value stands in rows that he may not see.
    execute format('alter table store.%I %s', part, without_statistics);
    execute format('analyze store.%I', part);
end
$$;
comment on function serving.end_part(text, text, text) is 'Close a part whose rows are complete';

create or replace function serving.attach_part(table_name text, release_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    part constant text := serving.part_name(table_name, release_id);
begin
    if not exists (
        select from pg_constraint
        where conrelid = format('store.%I', part)::regclass and conname = 'of_release'
    ) then
        raise exception 'store.% is not complete', part using errcode = 'object_not_in_prerequisite_state';
    end if;
    execute format(
        'alter table store.%I attach partition store.%I for values in (%L)', table_name, part, release_id
    );
end
$$;
comment on function serving.attach_part(text, text) is 'Make a complete part one of its table''s';

-- Readers of the table wait for this. So the caller has a short lock_timeout.
create or replace function serving.detach_part(table_name text, release_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from serving.pointer
        where detach_part.release_id in (pointer.release_id, pointer.moved_from)
    ) then
        raise exception 'release % is read', release_id using errcode = 'object_in_use';
    end if;
    execute format(
        'alter table store.%I detach partition store.%I', table_name, serving.part_name(table_name, release_id)
    );
end
$$;
comment on function serving.detach_part(text, text) is 'Take a part that nobody reads from its table';

create or replace function serving.drop_part(table_name text, release_id text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    part constant text := serving.part_name(table_name, release_id);
begin
    if exists (select from pg_inherits where inhrelid = format('store.%I', part)::regclass) then
        raise exception 'store.% is attached', part using errcode = 'object_in_use';
    end if;
    execute format('drop table store.%I', part);
end
$$;
comment on function serving.drop_part(text, text) is 'Drop a part that is not attached';

revoke all on function
    serving.part_name(text, text), serving.grow_table(text, text[], text[]), serving.begin_part(text, text),
    serving.end_part(text, text, text), serving.attach_part(text, text), serving.detach_part(text, text),
    serving.drop_part(text, text)
    from public;
grant execute on function
    serving.grow_table(text, text[], text[]), serving.begin_part(text, text),
    serving.end_part(text, text, text), serving.attach_part(text, text), serving.detach_part(text, text),
    serving.drop_part(text, text)
    to stockplan_publisher;
