-- How much each key has asked lately. What a crash forgets is a burst, so that nothing waits for a disk here.
create unlogged table quotas (
  library_id text not null,
  key_id text not null,
  -- when everything that was taken is paid for, one request every so often (server/limit/rate.ts)
  spent_until timestamptz not null,
  -- by the last who asked: what the statement that takes them can tell
  granted int not null,
  primary key (library_id, key_id),
  foreign key (library_id, key_id) references api_keys
);

-- What was made for a request with an Idempotency-Key, so that the same request makes nothing twice.
create table repeats (
  library_id text not null references libraries,
  -- whose key it is: as the owner of conversations, or `local`
  holder text not null,
  key text not null,
  -- SHA-256 of the route and what was asked there
  fingerprint text not null,
  -- of the answer; of anything else of the attempt to make it
  made_id text not null,
  -- of what is no answer, when it is made
  reply jsonb,
  made_at timestamptz not null default now(),
  primary key (library_id, holder, key)
);
create index on repeats (library_id, made_at);
create index on repeats (library_id, holder, made_at);
