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
