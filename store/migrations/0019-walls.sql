-- Libraries are tenants, walled off by Postgres itself: a connection sees and writes the rows of the library that its
-- setting footnote.library names, and without one none at all (docs/decisions/0022-libraries-walled-off-by-postgres.md).

-- What the server steps down to on each connection. It owns nothing and passes no wall. Where this user may make no roles,
-- whoever runs the database may have made it before; otherwise the walls hold the owner of the tables as well.
do $$
begin
  create role footnote_runtime nologin noinherit;
exception when insufficient_privilege or duplicate_object or unique_violation then null;
end $$;
do $$
begin
  grant footnote_runtime to current_user;
exception when others then null; -- a superuser needs no grant, and who may not grant may be a member already
end $$;

-- Raised around one table, or set right where it was damaged. Only the door functions below, which run as the owner, see
-- rows of other libraries, and only of the tables named here.
create function footnote_wall(walled regclass) returns void language plpgsql as $$
declare
  old name;
begin
  execute format('alter table %s enable row level security, force row level security', walled);
  for old in select polname from pg_policy where polrelid = walled loop
    execute format('drop policy %I on %s', old, walled);
  end loop;
  execute format('create policy footnote_library on %s using (library_id = current_setting(''footnote.library'', true))', walled);
  if walled::text ~ '(^|\.)(api_keys|sessions|workers|libraries|vectors_\d+)$' then
    execute format('create policy footnote_doors on %s for select to current_user '
      'using (current_setting(''footnote.door'', true) = ''open'')', walled);
  end if;
  if to_regrole('footnote_runtime') is not null then
    execute format('grant select, insert, update, delete on %s to footnote_runtime', walled);
  end if;
end $$;

-- Doors: what has to be known before it is known which library is meant, or of all of them together. Each tells that and
-- no more. For an owner whom the walls hold as well, a door is open while it runs.

-- A key tells its library: it is looked up by the id in it.
create function footnote_key(asked text)
returns table (id text, library text, name text, scopes text[], origins text[], hash text, holds boolean)
language plpgsql security definer as $$
begin
  perform set_config('footnote.door', 'open', true);
  return query select k.key_id, k.library_id, k.name, k.scopes, k.origins, k.hash,
      k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    from api_keys k where k.key_id = asked;
  perform set_config('footnote.door', '', true);
end $$;

-- Whose session this is, while it and its key hold.
create function footnote_session(asked text)
returns table (id text, library text, name text, scopes text[], origins text[], seen_at timestamptz)
language plpgsql security definer as $$
begin
  perform set_config('footnote.door', 'open', true);
  return query select k.key_id, k.library_id, k.name, k.scopes, k.origins, s.seen_at
    from sessions s join api_keys k using (library_id, key_id)
    where s.session_hash = asked and s.seen_at > now() - interval '7 days' and s.began_at > now() - interval '30 days'
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  perform set_config('footnote.door', '', true);
end $$;

-- Of keys and sessions that have something open, of whatever library: those that still hold.
create function footnote_keys_holding(asked text[]) returns setof text language plpgsql security definer as $$
begin
  perform set_config('footnote.door', 'open', true);
  return query select k.key_id from api_keys k
    where k.key_id = any(asked) and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  perform set_config('footnote.door', '', true);
end $$;
create function footnote_sessions_holding(asked text[]) returns setof text language plpgsql security definer as $$
begin
  perform set_config('footnote.door', 'open', true);
  return query select s.session_hash from sessions s join api_keys k using (library_id, key_id)
    where s.session_hash = any(asked) and s.seen_at > now() - interval '7 days' and s.began_at > now() - interval '30 days'
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  perform set_config('footnote.door', '', true);
end $$;

-- Whether a server that others reach may start: keys of all libraries.
create function footnote_key_count() returns table (made int, hold int) language plpgsql security definer as $$
begin
  perform set_config('footnote.door', 'open', true);
  return query select count(*) filter (where revoked_at is null)::int,
      count(*) filter (where revoked_at is null and (expires_at is null or expires_at > now()))::int from api_keys;
  perform set_config('footnote.door', '', true);
end $$;

-- Processes that learn documents do it for every library.
create function footnote_workers(silent_s float8) returns int language plpgsql security definer as $$
declare
  alive int;
begin
  perform set_config('footnote.door', 'open', true);
  alive := (select count(*) from workers where alive_at > now() - make_interval(secs => silent_s));
  perform set_config('footnote.door', '', true);
  return alive;
end $$;

-- Finds or makes an embedding space, which belongs to no library, and its two tables.
create function footnote_make_space(wanted text, size int) returns table (id int, dimensions int)
language plpgsql volatile security definer as $$
#variable_conflict use_column
declare
  made int;
begin
  -- Two first starts at once must not make the tables twice.
  lock table spaces in share row exclusive mode;
  if not exists (select from spaces where name = wanted) then
    insert into spaces (name, dimensions) values (wanted, size) returning space_id into made;
    execute format('create table vectors_%s (
      library_id text not null, chunk_id int not null, embedding vector(%s) not null, primary key (library_id, chunk_id),
      foreign key (library_id, chunk_id) references chunks on delete cascade)', made, size);
    -- In a table of their own: a scan over 32-byte rows instead of 1-kilobyte ones is what makes the exact scan cheap.
    -- Full vectors are read only for the best few hundred.
    execute format('create table signs_%s (
      library_id text not null, chunk_id int not null, signs bit(%s) not null, primary key (library_id, chunk_id),
      foreign key (library_id, chunk_id) references chunks on delete cascade)', made, size);
    perform footnote_wall(format('vectors_%s', made)::regclass);
    perform footnote_wall(format('signs_%s', made)::regclass);
  end if;
  return query select space_id, s.dimensions from spaces s where name = wanted;
end $$;

-- Drops a space that no library needs. Until the end of the transaction none is made or dropped, and no library takes it.
create function footnote_drop_space(unwanted int) returns text language plpgsql security definer as $$
declare
  here text := current_setting('footnote.library', true);
  is_searched boolean;
  is_held boolean;
begin
  perform set_config('footnote.door', 'open', true);
  lock table spaces in share row exclusive mode;
  perform from spaces where space_id = unwanted for update;
  is_searched := exists (select from libraries where library_id = here and unwanted in (space_id, former_space_id));
  execute format('select exists (select from vectors_%s where library_id <> $1)', unwanted) into is_held using here;
  is_held := is_held or exists (select from libraries where unwanted in (space_id, former_space_id));
  perform set_config('footnote.door', '', true);
  if is_searched then return 'searched'; end if;
  if is_held then return 'shared'; end if;
  execute format('drop table vectors_%s, signs_%s', unwanted, unwanted);
  delete from spaces where space_id = unwanted;
  return 'dropped';
end $$;

-- Where a door looks for its tables is fixed, temporary ones last, so that its caller cannot put others in their place.
do $$
declare
  path text := (select string_agg(quote_ident(each), ', ') from unnest(current_schemas(false)) as each);
  door regprocedure;
begin
  for door in select p.oid from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.proname like 'footnote\_%'
  loop
    execute format('alter function %s set search_path = %s, pg_temp', door, path);
    execute format('revoke execute on function %s from public', door);
  end loop;
end $$;

-- What the server steps down to may open the doors, and read what belongs to no library.
create function footnote_open_doors() returns void language plpgsql as $$
declare
  door regprocedure;
begin
  if to_regrole('footnote_runtime') is null then return; end if;
  execute format('grant usage on schema %I to footnote_runtime', current_schema());
  grant select on spaces, migrations to footnote_runtime;
  for door in select p.oid from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.proname like 'footnote\_%' and p.prosecdef
  loop
    execute format('grant execute on function %s to footnote_runtime', door);
  end loop;
end $$;
revoke execute on function footnote_open_doors() from public;
