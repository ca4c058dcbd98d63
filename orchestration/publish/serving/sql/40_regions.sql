-- Who sees which rows: every published table says here where its rows belong, every login which regions it
-- may see. What is not told is not seen.
--
-- A policy asks `session_user`, the login, which no `set role` changes. Whoever reads through a view has no
-- right on `store`, so neither a partition nor its statistics lead around the policy.

set local role stockplan_owner;

create table if not exists serving.reader_region (
    login text not null,
    region text not null,
    granted_at timestamptz not null default now(),
    granted_by text not null default session_user,
    primary key (login, region)
);
comment on table serving.reader_region is 'Which regions a login may see; the region * stands for all';
comment on column serving.reader_region.login is 'Name of a login of this server';
comment on column serving.reader_region.region is 'Region as in published.location, or * for all';
comment on column serving.reader_region.granted_at is 'Since when';
comment on column serving.reader_region.granted_by is 'Login that granted it';
grant select on serving.reader_region to stockplan_publisher, stockplan_auditor, stockplan_keeper;

-- Replaced as a whole, because it is stated here alone.
drop table if exists serving.region_rule;
create table serving.region_rule (
    table_name text primary key,
    kind text not null check (
        kind in ('catalogue', 'company', 'location', 'ends', 'region', 'place', 'scope', 'parent')
    ),
    columns text[] not null default '{}',
    parent text,
    check ((kind = 'parent') = (parent is not null)),
    check ((kind in ('catalogue', 'company')) = (columns = '{}'))
);
comment on table serving.region_rule is 'Where the rows of every published table belong';
comment on column serving.region_rule.table_name is 'The published table';
comment on column serving.region_rule.kind is
    'catalogue: the same for everyone; company: for who sees all regions; location: all locations of the '
    'row are seen; ends: one of them is; region: its region is; place: its location, or its region where it '
    'has no location; scope: its scope is a location or region that is seen; parent: the row of another '
    'table is seen';
comment on column serving.region_rule.columns is
    'The columns that tell it; of a scope its type and id, of a parent the key';
comment on column serving.region_rule.parent is 'The other table, whose column of the same name is meant';
grant select on serving.region_rule to stockplan_auditor, stockplan_publisher;

insert into serving.region_rule (table_name, kind, columns, parent) values
-- what words and columns mean, and what the source could tell: no figure of any place
('capability', 'catalogue', '{}', null),
('data_dictionary', 'catalogue', '{}', null),
('kpi_catalogue', 'catalogue', '{}', null),
('lineage', 'catalogue', '{}', null),
('review_calendar', 'catalogue', '{}', null),
('rule_check', 'catalogue', '{}', null),
-- figures of the company as a whole, or rows that name no place by which they could be parted
('check_result', 'company', '{}', null),
('demand_model', 'company', '{}', null),
('demand_plan_approval', 'company', '{}', null),
('match_weight', 'company', '{}', null),
('method_choice', 'company', '{}', null),
('network_row', 'company', '{}', null),
('order_tracking', 'company', '{}', null),
('policy_run', 'company', '{}', null),
('quarantine', 'company', '{}', null),
('rebalance_run', 'company', '{}', null),
('recommended_action', 'company', '{}', null),
('risk_register', 'company', '{}', null),
('scorecard_area', 'company', '{}', null),
('scorecard_check', 'company', '{}', null),
('scorecard_trend', 'company', '{}', null),
('service_control', 'company', '{}', null),
('slot_load', 'company', '{}', null),
('solver_run', 'company', '{}', null),
('stage_duration', 'company', '{}', null),
-- what happens at a place; of two places both must be seen
('allocation', 'location', '{location_id}', null),
('allocation_ledger', 'location', '{location_id}', null),
('allocation_rollup', 'location', '{location_id}', null),
('approval', 'location', '{location_id}', null),
('atp', 'location', '{location_id}', null),
('borrow_ledger', 'location', '{location_id}', null),
('calendar_use', 'location', '{location_id}', null),
('capable_to_promise', 'location', '{location_id}', null),
('customer_match', 'location', '{location_id,unit_location_id}', null),
-- the promise is the selling place's own, whichever place it is served from
('delivery_promise', 'location', '{location_id}', null),
('exception', 'location', '{location_id}', null),
('exception_resolved', 'location', '{location_id}', null),
('expedite_option', 'location', '{location_id}', null),
('forecast', 'location', '{location_id}', null),
('forecast_bias', 'location', '{location_id}', null),
('inventory_aging', 'location', '{location_id}', null),
('inventory_audit', 'location', '{location_id}', null),
('inventory_position', 'location', '{location_id}', null),
('lead_time', 'location', '{location_id}', null),
('lead_time_quantile', 'location', '{location_id}', null),
('match_outcome', 'location', '{location_id,unit_location_id}', null),
('mix_target', 'location', '{location_id}', null),
('mto_change_impact', 'location', '{location_id}', null),
('mto_order_fact', 'location', '{location_id}', null),
('mto_order_status', 'location', '{location_id}', null),
('mto_slot_assignment', 'location', '{location_id}', null),
('notification_outbox', 'location', '{location_id}', null),
('order_check', 'location', '{location_id}', null),
('order_segment', 'location', '{location_id}', null),
('override_outcome', 'location', '{location_id}', null),
('policy', 'location', '{location_id}', null),
('policy_change', 'location', '{location_id}', null),
('policy_input', 'location', '{location_id}', null),
('policy_override', 'location', '{location_id}', null),
('policy_reason', 'location', '{location_id}', null),
('policy_schedule', 'location', '{location_id}', null),
('purchase_lane', 'location', '{location_id}', null),
('replenishment_order', 'location', '{location_id}', null),
('reservation', 'location', '{location_id}', null),
('segment_forecast', 'location', '{location_id}', null),
-- where the unit stands; the place that it is proposed to move to is told with it
('stock_unit_review', 'location', '{location_id}', null),
('substitution_offer', 'location', '{location_id,unit_location_id}', null),
('supplier_scorecard', 'location', '{location_id}', null),
('supply_audit', 'location', '{location_id}', null),
('supply_expectation', 'location', '{location_id}', null),
('unit_atp', 'location', '{location_id}', null),
('unit_hold', 'location', '{location_id}', null),
('unit_reservation', 'location', '{location_id}', null),
('weekly_review', 'location', '{location_id}', null),
-- documents that both ends have to act on
('explanation', 'ends', '{location_id,from_location_id}', null),
('transfer_order', 'ends', '{from_location_id,to_location_id}', null),
('transfer_unit', 'ends', '{from_location_id,to_location_id}', null),
-- one region, or * for all
('annual_plan', 'region', '{region}', null),
('annual_plan_price', 'region', '{resource_scope}', null),
('demand_effect', 'region', '{region}', null),
('location', 'region', '{region}', null),
('market_position', 'region', '{region}', null),
('seasonal_index', 'region', '{region}', null),
('allocation_plan', 'place', '{location_id,region}', null),
-- figures of many scopes, of which some are locations or regions
('fairness', 'scope', '{breakdown,breakdown_value}', null),
('forecast_accuracy', 'scope', '{breakdown,breakdown_value}', null),
('forecast_value_added', 'scope', '{breakdown,breakdown_value}', null),
('kpi', 'scope', '{scope_type,scope_id}', null),
('network_baseline', 'scope', '{breakdown,breakdown_value}', null),
('plan_vs_actual', 'scope', '{scope_type,scope_id}', null),
('policy_backtest', 'scope', '{breakdown,breakdown_value}', null),
('scenario_frontier', 'scope', '{scope_type,scope_id}', null),
('segment_performance', 'scope', '{breakdown,breakdown_value}', null),
-- parts of an order, or of a unit's story
('factory_order_outbox', 'parent', '{order_id}', 'mto_order_fact'),
('mto_event_set_aside', 'parent', '{order_id}', 'mto_order_fact'),
('mto_milestone', 'parent', '{order_id}', 'mto_order_fact'),
('mto_promise', 'parent', '{order_id}', 'mto_order_fact'),
('unit_reservation_entry', 'parent', '{unit_id}', 'unit_atp');

-- The login's regions, without the star for all.
create or replace function serving.my_regions() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select region from serving.reader_region where login = session_user
$$;
comment on function serving.my_regions() is 'Regions that the login may see, or *';

-- Whether the login sees every row: all regions, or a role that needs all.
create or replace function serving.sees_all() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select
        pg_has_role(session_user, 'stockplan_publisher', 'member')
        or pg_has_role(session_user, 'stockplan_auditor', 'member')
        or exists (
            select from serving.reader_region where login = session_user and region = '*'
        )
$$;
comment on function serving.sees_all() is 'Whether the login sees the rows of every region';

-- Values of a column of a published table in the current release, as far as the login may see them:
-- its locations, its orders. Nothing where the table is not here yet.
create or replace function serving.my_keys(table_name text, column_name text) returns setof text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not (
        table_name = 'location'
        or exists (select from serving.region_rule as rule where rule.parent = my_keys.table_name)
    ) or to_regclass(format('store.%I', table_name)) is null then
        return;
    end if;
    return query execute format(
        'select %I::text from store.%I where release_id = (select release_id from serving.pointer)',
        column_name, table_name
    );
end
$$;
comment on function serving.my_keys(text, text) is 'Keys of a table that the login may see';

-- The condition under which a login that does not see all may see a row. Where there is no rule, or a column
-- of the rule is missing, nobody else sees any.
create or replace function serving.region_condition(table_name text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    rule serving.region_rule%rowtype;
    locations constant text := $q$(select serving.my_keys('location', 'location_id'))$q$;
    regions constant text := $q$(select serving.my_regions())$q$;
begin
    select * into rule from serving.region_rule where region_rule.table_name = region_condition.table_name;
    if exists (
        select from unnest(rule.columns) as name
        where not exists (
            select from pg_attribute
            where attrelid = to_regclass(format('store.%I', region_condition.table_name)) and attname = name
        )
    ) then
        return 'false';
    end if;
    return case rule.kind
        when 'catalogue' then 'true'
        when 'location' then (
            select string_agg(format('(%1$I is null or %1$I in %2$s)', name, locations), ' and ')
                || format(' and num_nonnulls(%s) > 0', string_agg(format('%I', name), ', '))
            from unnest(rule.columns) as name
        )
        when 'ends' then (
            select string_agg(format('%I in %s', name, locations), ' or ') from unnest(rule.columns) as name
        )
        when 'region' then format('%I in %s', rule.columns[1], regions)
        when 'place' then format(
            '%1$I in %3$s or (%1$I is null and %2$I in %4$s)',
            rule.columns[1], rule.columns[2], locations, regions
        )
        when 'scope' then format(
            $q$(%1$I = 'location' and %2$I in %3$s) or (%1$I = 'region' and %2$I in %4$s)$q$,
            rule.columns[1], rule.columns[2], locations, regions
        )
        when 'parent' then format(
            '%1$I in (select serving.my_keys(%2$L, %1$L))', rule.columns[1], rule.parent
        )
        else 'false'
    end;
end
$$;
comment on function serving.region_condition(text) is 'The condition of a table''s policy';

-- What is wrong with the protection of a table, null when nothing is. The policy's comment holds its condition
-- as it was written, and the fingerprint of what the catalogue made of it.
create or replace function serving.protection_fault(table_name text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select case
        when not (relation.relrowsecurity and relation.relforcerowsecurity) then
            'row-level security is not forced'
        when array_agg(policy.polname) is distinct from array['regions'::name] then
            'its policy is not the only one there must be'
        when min(obj_description(policy.oid, 'pg_policy')) is distinct from format(
            '%s /* %s */',
            serving.region_condition(protection_fault.table_name),
            min(md5(pg_get_expr(policy.polqual, policy.polrelid)))
        ) or not bool_and(policy.polpermissive and policy.polcmd = '*' and policy.polroles = '{0}') then
            'its policy is not what its rule says'
    end
    from pg_class as relation
    left join pg_policy as policy on policy.polrelid = relation.oid
    where relation.oid = to_regclass(format('store.%I', protection_fault.table_name))
    group by relation.relrowsecurity, relation.relforcerowsecurity
$$;
comment on function serving.protection_fault(text) is 'What is wrong with the protection of a table';

-- Put the policy on store.<table> and let the roles read published.<table>. Changes nothing, and so locks
-- nothing, where all is as it must be.
create or replace function serving.protect(table_name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    condition constant text := serving.region_condition(table_name);
    other name;
    fingerprint text;
begin
    if serving.protection_fault(table_name) is not null then
        execute format('alter table store.%I enable row level security', table_name);
        execute format('alter table store.%I force row level security', table_name);
        for other in
            select polname from pg_policy where polrelid = format('store.%I', table_name)::regclass
        loop
            execute format('drop policy %I on store.%I', other, table_name);
        end loop;
        execute format(
            'create policy regions on store.%I using ((select serving.sees_all()) or (%s))',
            table_name, condition
        );
        select md5(pg_get_expr(polqual, polrelid)) into strict fingerprint
        from pg_policy where polrelid = format('store.%I', table_name)::regclass;
        execute format(
            'comment on policy regions on store.%I is %L',
            table_name, format('%s /* %s */', condition, fingerprint)
        );
    end if;
    if to_regclass(format('published.%I', table_name)) is not null then
        execute format(
            'grant select on published.%I to stockplan_publisher, stockplan_reader, stockplan_auditor, '
            'stockplan_planner, stockplan_manager, stockplan_keeper',
            table_name
        );
    end if;
end
$$;
comment on function serving.protect(text) is 'Put the region policy on a table and grant its view';

revoke all on function serving.region_condition(text), serving.protect(text) from public;
revoke all on function serving.protection_fault(text) from public;
grant execute on function serving.region_condition(text), serving.protection_fault(text) to
    stockplan_publisher;
revoke all on function
    serving.my_regions(), serving.sees_all(), serving.my_keys(text, text) from public;
-- A policy's functions run with the reader's right to them.
grant execute on function serving.my_regions(), serving.sees_all(), serving.my_keys(text, text) to
    stockplan_publisher, stockplan_reader, stockplan_auditor, stockplan_planner, stockplan_manager,
    stockplan_keeper;

select serving.protect(relname)
from pg_class
where relnamespace = 'store'::regnamespace and relkind = 'p';
