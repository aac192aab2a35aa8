-- What each run of an ingest did, documents that are gone, and what was uploaded.

-- root: the folder, file or upload that a document came from; null: learned before this was kept. A removed document has
-- no chunks, so nothing finds it; its texts stay for the citations that point at them.
alter table documents add column root text;
alter table documents add column removed_at timestamptz;
create index documents_removed on documents (library_id, removed_at) where removed_at is not null;

create table syncs (
  library_id text not null references libraries,
  sync_id text not null,
  -- the order in which they began, also of two within one millisecond
  number bigint generated always as identity,
  trigger text not null,
  -- what was asked for
  roots text[] not null,
  state text not null default 'running',
  began_at timestamptz not null default now(),
  -- when its process last said that it still runs
  alive_at timestamptz not null default now(),
  ended_at timestamptz,
  -- sources that were found, and those that are done with
  total int not null default 0,
  done int not null default 0,
  report jsonb not null,
  fault_code text,
  fault_message text,
  -- the sync that took back what this one changed
  undone_by text,
  primary key (library_id, sync_id)
);
create index syncs_by_number on syncs (library_id, number);

-- What became of each source, but for the unchanged ones. What a sync changed is written in the transaction that changes
-- it: however the process ends, this is what there is to undo.
create table sync_outcomes (
  library_id text not null,
  sync_id text not null,
  seq bigint generated always as identity,
  type text not null,
  source text not null,
  document_id text,
  -- revisions; null: there was, or is, none
  before text,
  after text,
  -- whom the document was for before
  audience text[],
  code text,
  message text,
  primary key (library_id, sync_id, seq),
  foreign key (library_id, sync_id) references syncs on delete cascade
);

-- Sources that cannot be learned as they are at present.
create table failures (
  library_id text not null references libraries,
  source text not null,
  code text not null,
  message text not null,
  primary key (library_id, source)
);

-- The bytes that the current revision of an uploaded document was made of, in pieces: the embedded database copies a
-- message anew for every 64 kB of it that arrive.
create table uploads (
  library_id text not null,
  document_id text not null,
  revision text not null,
  name text not null,
  -- what the upload said of itself: title, url, audience
  said jsonb not null,
  -- the parser and the embedding space it was learned with: another one learns it anew
  learned_with text not null,
  primary key (library_id, document_id),
  foreign key (library_id, document_id) references documents on delete cascade
);
create table upload_pieces (
  library_id text not null,
  document_id text not null,
  seq int not null,
  bytes bytea not null,
  primary key (library_id, document_id, seq),
  foreign key (library_id, document_id) references uploads on delete cascade
);
