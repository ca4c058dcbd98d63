-- What readers see: the schema `published` with one view per table, and how a view is made.
--
-- A view shows the rows of the release that the pointer names. It is made again when its table gains a
-- column, which stands last: what a query named before keeps its name, type and place.

set local role stockplan_owner;

create schema if not exists published;
grant usage on schema published to stockplan_publisher;
comment on schema published is 'The current release, one view per table';

-- Make published.<table> show every column of store.<table>, then let the roles at it.
-- `serving.protect(table_name text)` (40_regions.sql) puts the policies on store.<table> and grants
-- published.<table>; it must do no harm when called again.
create or replace function serving.show_table(table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    column_list text;
begin
    select string_agg(format('%I', attname), ', ' order by attnum)
    into strict column_list
    from pg_attribute
    where attrelid = format('store.%I', table_name)::regclass and attnum > 0 and not attisdropped;
    -- `offset 0` keeps a reader's conditions above the policies. PostgreSQL would else look at a row with
    -- such a condition first, and a plan with its counts would tell whether any foreign row meets it.
    execute format(
        'create or replace view published.%I with (security_barrier = true) as '
        'select %s from (select %s from store.%I '
        'where release_id = (select release_id from serving.pointer) offset 0) as seen',
        table_name, column_list, column_list, table_name
    );
    perform serving.protect(table_name);
end
$$;
comment on function serving.show_table(text) is 'Make the view of a table, or give it the columns it lacks';
revoke all on function serving.show_table(text) from public;

-- Say what a table and its columns mean, where readers of the catalogue see it.
create or replace function serving.describe_table(table_name text, meaning text, column_meanings jsonb)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    view_id constant regclass := format('published.%I', table_name)::regclass;
    column_name text;
    column_meaning text;
begin
    if obj_description(view_id, 'pg_class') is distinct from meaning then
        execute format('comment on view published.%I is %L', table_name, meaning);
    end if;
    for column_name, column_meaning in
        select attribute.attname, told.value
        from jsonb_each_text(column_meanings) as told
        join pg_attribute as attribute on attribute.attrelid = view_id and attribute.attname = told.key
        where col_description(view_id, attribute.attnum) is distinct from told.value
    loop
        execute format('comment on column published.%I.%I is %L', table_name, column_name, column_meaning);
    end loop;
end
$$;
comment on function serving.describe_table(text, text, jsonb) is 'Comment a view and its columns';
revoke all on function serving.describe_table(text, text, jsonb) from public;
grant execute on function serving.describe_table(text, text, jsonb) to stockplan_publisher;

create or replace view published.release as
select
    release.release_id,
    release.as_of,
    release.number,
    release.content_hash,
    release.published_at,
    release.served_at,
    pointer.moved_at as current_since,
    pointer.moved_from as previous_release_id,
    (now() at time zone 'UTC')::date - release.as_of as age_days,
    release.stale_because <> '' as is_stale,
    release.stale_because
from serving.pointer as pointer
join serving.release as release on release.release_id = pointer.release_id;
comment on view published.release is 'One row: the current release, and how fresh it is';
comment on column published.release.release_id is 'The release that every view of this schema shows';
comment on column published.release.as_of is 'Its business date';
comment on column published.release.number is 'Which release of its date it is, from 1';
comment on column published.release.content_hash is 'SHA-256 of its sorted logical rows';
comment on column published.release.published_at is 'When the ledger recorded its publication';
comment on column published.release.served_at is 'When its rows were complete in this database';
comment on column published.release.current_since is 'When it became the current one here';
comment on column published.release.previous_release_id is 'The release that was current before';
comment on column published.release.age_days is 'Days from its business date to today, UTC';
comment on column published.release.is_stale is 'Whether a later delivery asks for its date to be run again';
comment on column published.release.stale_because is 'Which delivery that is, empty for none';
