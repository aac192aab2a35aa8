-- Keys, the sessions that browsers open with them, and what was done.

-- A key is looked up by its id alone, before it is known which library it opens.
create table api_keys (
  library_id text not null references libraries,
  key_id text not null unique,
  name text not null,
  -- HMAC-SHA256 of the whole key with the secret of the server (core/keys.ts)
  hash text not null,
  scopes text[] not null,
  -- the sites whose pages may show it; none: it is secret
  origins text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (library_id, key_id)
);

create table sessions (
  library_id text not null,
  -- SHA-256 of the cookie
  session_hash text not null unique,
  key_id text not null,
  began_at timestamptz not null default now(),
  -- when it was used last, to a few minutes
  seen_at timestamptz not null default now(),
  primary key (library_id, session_hash),
  foreign key (library_id, key_id) references api_keys
);

create table audit_log (
  library_id text not null references libraries,
  entry_id bigint generated always as identity,
  at timestamptz not null default now(),
  act text not null,
  actor text not null,
  subject text,
  primary key (library_id, entry_id)
);
