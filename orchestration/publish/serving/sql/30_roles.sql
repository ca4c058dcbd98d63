-- Who may do what with what lies in the schemas of 10_store.sql and 20_published.sql.
--
-- Logins are members of the group roles and have no right of their own. What is not granted here, in
-- serving.protect (40_regions.sql), 50_audit.sql or 60_decide.sql, nobody may. `stockplan_keeper` owns the
-- audit chain and the decisions; nobody is a member of it, so that who publishes cannot rewrite them.

do $$
declare
    open_function regprocedure;
begin
    begin
        create role stockplan_keeper nologin;
    exception when duplicate_object or unique_violation then null;
    end;
    begin
        set local role stockplan_keeper;
        reset role;
    exception when insufficient_privilege then
        execute format('grant stockplan_keeper to %I', current_user);
    end;
    execute format('grant create on database %I to stockplan_keeper', current_database());
    -- A temporary table or view is a place to keep what one read, under a name that may hide another.
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect on database %I to stockplan_publisher, stockplan_reader, stockplan_auditor, '
        'stockplan_planner, stockplan_manager',
        current_database()
    );
    -- The superuser's to close: the schema `public`, large objects, and the locks that anybody may take, with
    -- which a reader could stop a publication or use up the room for everybody's locks. An administrator
    -- without that right is told by `stockplan db check`.
    begin
        revoke all on schema public from public;
        for open_function in
            select oid::regprocedure from pg_proc
            where pronamespace = 'pg_catalog'::regnamespace
                and proname ~ '^(lo_create?|lo_from_bytea|pg_(try_)?advisory_.*|pg_logical_emit_message)$'
        loop
            execute format('revoke execute on function %s from public', open_function);
        end loop;
        grant execute on function pg_advisory_lock(bigint) to stockplan_publisher;
        grant execute on function pg_advisory_xact_lock(bigint) to stockplan_owner;
    exception when insufficient_privilege then null;
    end;
end
$$;

set local role stockplan_owner;

alter default privileges for role stockplan_owner revoke execute on functions from public;

grant usage on schema published to
    stockplan_reader, stockplan_auditor, stockplan_planner, stockplan_manager, stockplan_keeper;
grant select on published.release to
    stockplan_publisher, stockplan_reader, stockplan_auditor, stockplan_planner, stockplan_manager,
    stockplan_keeper;
grant usage on schema serving to stockplan_auditor, stockplan_keeper;
grant select on serving.release, serving.pointer, serving.schema_version to stockplan_auditor;

-- `drop owned by stockplan_reader` is open to every member of that role, and would take from all of them what
-- is granted to it here. Only a superuser can close that.
create or replace function serving.refuse_drop_owned() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if not (select rolsuper from pg_roles where rolname = session_user) then
        raise exception 'drop owned takes from everybody what is granted to a role: % must not do that',
            session_user using errcode = 'insufficient_privilege';
    end if;
end
$$;
comment on function serving.refuse_drop_owned() is 'Let nobody but a superuser take away what a role is granted';
revoke all on function serving.refuse_drop_owned() from public;

reset role;

do $$
begin
    drop event trigger if exists stockplan_rights_stay;
    create event trigger stockplan_rights_stay on ddl_command_start when tag in ('DROP OWNED')
    execute function serving.refuse_drop_owned();
exception when insufficient_privilege then null;
end
$$;
