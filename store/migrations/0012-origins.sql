-- What is remembered of the sources of sources.yaml and of their documents, and when each of them is read again.

-- What the bytes of a document were when it was last loaded (etag, hash …) and with what they were learned; null: to be
-- loaded whatever it says.
alter table documents add column seen jsonb;

-- The source or folder that a failure belongs to: it is over when that could be read without it.
alter table failures add column root text;

-- the name of the source that a running sync reads
alter table syncs add column reading text;

create table origins (
  library_id text not null references libraries,
  name text not null,
  -- what its listing keeps from one time to the next
  memory jsonb,
  -- as it is written in sources.yaml; null: read only when asked
  schedule text,
  next_at timestamptz,
  -- the process that reads it, and until when that is believed
  holder text,
  leased_until timestamptz,
  primary key (library_id, name)
);
