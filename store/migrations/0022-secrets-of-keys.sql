-- With which secret of the server a key was hashed: an HMAC of words that are always the same, so that another secret is
-- noticed before somebody is refused. Null: it was made before this was kept, and has not been used since.
alter table api_keys add column secret_mark text;

-- Of all libraries: keys that hold and were hashed with another secret than that of this mark; without one, all of them.
-- People who log in by an issuer have no hash, and need no secret.
create function footnote_keys_of_others(mark text) returns int language plpgsql security definer as $$
declare
  found int;
begin
  perform set_config('footnote.door', 'open', true);
  found := (select count(*) from api_keys where hash <> '' and (mark is null or secret_mark <> mark)
    and revoked_at is null and (expires_at is null or expires_at > now()));
  perform set_config('footnote.door', '', true);
  return found;
end $$;

-- As of the doors of 0019-walls.sql.
do $$
begin
  execute format('alter function footnote_keys_of_others(text) set search_path = %s, pg_temp',
    (select string_agg(quote_ident(each), ', ') from unnest(current_schemas(false)) as each));
end $$;
revoke execute on function footnote_keys_of_others(text) from public;
