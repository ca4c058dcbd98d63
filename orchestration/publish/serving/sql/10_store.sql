-- Where releases lie: the group roles, the schemas `store` and `serving`, the releases and the pointer.
--
-- store.<table> is partitioned by release_id; a release's rows lie in store."<table>__<release_id>", loaded
-- while nobody sees them and attached when the pointer comes to them (15_parts.sql). What a role may do stands
-- in 30_roles.sql; here are the names, because everything else needs them.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'stockplan_owner', 'stockplan_publisher', 'stockplan_reader',
        'stockplan_auditor', 'stockplan_planner', 'stockplan_manager'
    ]
    loop
        -- Roles are the server's, not the database's: another database's init may make them meanwhile.
        begin
            execute format('create role %I nologin', role_name);
        exception when duplicate_object or unique_violation then null;
        end;
    end loop;
    -- An administrator who is no superuser must be let into a role to make things in its name, also when
    -- he has just made it.
    begin
        set local role stockplan_owner;
        reset role;
    exception when insufficient_privilege then
        execute format('grant stockplan_owner to %I', current_user);
    end;
    execute format('grant create on database %I to stockplan_owner', current_database());
end
$$;

set local role stockplan_owner;

create schema if not exists store;
create schema if not exists serving;
grant usage on schema store, serving to stockplan_publisher;

comment on schema store is 'The rows of releases; read them through the views of published';
comment on schema serving is 'Which releases are here, which one is current, and who may see what';

create table if not exists serving.schema_version (
    file_name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
comment on table serving.schema_version is 'The SQL files that made this schema, as they were last applied';
grant select on serving.schema_version to stockplan_publisher;

create table if not exists serving.release (
    release_id text primary key,
    as_of date not null,
    number integer not null check (number >= 1),
    content_hash text not null,
    published_at timestamptz,
    served_at timestamptz not null default now(),
    stale_because text not null default '',
    tables jsonb not null,
    replaced_values jsonb not null default '{}'
);
comment on table serving.release is 'Every release whose rows are in this database';
comment on column serving.release.release_id is 'The release''s id, as in the file store';
comment on column serving.release.as_of is 'Business date';
comment on column serving.release.number is 'Which release of its date it is, from 1';
comment on column serving.release.content_hash is 'SHA-256 of the release''s sorted logical rows';
comment on column serving.release.published_at is 'When the ledger recorded its publication';
comment on column serving.release.served_at is 'When its rows were complete in this database';
comment on column serving.release.stale_because is
    'Which later delivery asks for its date to be run again, empty for none; as of the last publication';
comment on column serving.release.tables is 'Rows and logical hash per table';
comment on column serving.release.replaced_values is
    'Values per table and column in which the sign U+2400 stands for a NUL, which PostgreSQL cannot store';
grant select, insert, update, delete on serving.release to stockplan_publisher;

create table if not exists serving.pointer (
    is_only boolean primary key default true check (is_only),
    release_id text not null references serving.release,
    moved_from text,
    moved_at timestamptz not null default now()
);
comment on table serving.pointer is 'One row: the release that the views of published show';
comment on column serving.pointer.is_only is 'Always true: there is one pointer';
comment on column serving.pointer.release_id is 'The current release';
comment on column serving.pointer.moved_from is 'The release that was current before, null for the first';
comment on column serving.pointer.moved_at is 'When the pointer came to the release';
grant select, insert, update on serving.pointer to stockplan_publisher;
