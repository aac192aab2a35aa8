-- Documents that wait for a process to learn them, and turns at the hosts that are read from.

-- somebody asked for its end, perhaps in another process
alter table syncs add column cancelling boolean not null default false;

create table ingest_jobs (
  library_id text not null,
  sync_id text not null,
  job_id bigint generated always as identity,
  -- counts its takers: only the last one may write what became of it
  token int not null default 0,
  task jsonb not null,
  -- null once they have been learned
  bytes bytea,
  -- why the last attempt failed
  fault text,
  -- null: it waits, or is under way
  outcome jsonb,
  primary key (library_id, sync_id, job_id),
  foreign key (library_id, sync_id) references syncs on delete cascade
);
create index ingest_jobs_over on ingest_jobs (library_id, sync_id) where outcome is not null;
-- They are compressed text or formats that are compressed already: trying costs more than it saves.
alter table ingest_jobs alter column bytes set storage external;

-- Processes that learn documents.
create table workers (
  library_id text not null references libraries,
  worker_id text not null,
  -- machine and process, for people
  name text not null,
  at_once int not null,
  alive_at timestamptz not null default now(),
  primary key (library_id, worker_id)
);

-- Politeness towards a host, of all processes together: when the next request may begin, and who has its connections.
create table hosts (
  library_id text not null references libraries,
  host text not null,
  next_at timestamptz not null default now(),
  primary key (library_id, host)
);
create table host_turns (
  library_id text not null,
  host text not null,
  turn int not null,
  holder text,
  -- a process that died gives its turn back at this time
  leased_until timestamptz,
  primary key (library_id, host, turn),
  foreign key (library_id, host) references hosts on delete cascade
);
