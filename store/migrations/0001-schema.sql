-- The whole schema. Every key starts with library_id and every foreign key carries it, so that a row of one
-- library can never point at a row of another.

create extension if not exists vector;

-- An embedding space is a provider, model, size and version. Its vectors live in two narrow tables of their own,
-- vectors_<space_id> and signs_<space_id>, made when the space is first used (store/spaces.ts).
create table spaces (
  space_id int generated always as identity primary key,
  name text not null unique,
  dimensions int not null check (dimensions between 1 and 16000)
);

create table libraries (
  library_id text primary key,
  space_id int references spaces,
  -- number of live chunks: the N of BM25's idf, kept here so that a search need not count
  chunk_count int not null default 0,
  -- raised by every save: whoever keeps something of the library in memory learns from it that it is old
  changes int not null default 0,
  created_at timestamptz not null default now()
);

create table documents (
  library_id text not null references libraries,
  document_id text not null,
  source text not null,
  revision text not null,
  updated_at timestamptz not null default now(),
  primary key (library_id, document_id),
  unique (library_id, source)
);

-- The text of every revision ever cited stays readable. Offsets elsewhere index this text in UTF-16 code units.
create table revisions (
  library_id text not null,
  document_id text not null,
  revision text not null,
  title text not null,
  url text,
  published_at text,
  text text not null,
  -- the length of the text in UTF-16 code units, kept so that a list need not read the texts
  characters int not null,
  outline jsonb not null,
  -- spans of the text that are never evidence: contents pages, ads, "read more"
  boilerplate jsonb not null,
  ingested_at timestamptz not null default now(),
  primary key (library_id, document_id, revision),
  foreign key (library_id, document_id) references documents
);

-- Only the chunks of current revisions: replaced together with documents.revision in one transaction.
create table chunks (
  library_id text not null,
  chunk_id int generated always as identity,
  document_id text not null,
  revision text not null,
  ordinal int not null,
  start_offset int not null,
  end_offset int not null,
  headings jsonb not null,
  text text not null,
  content_hash text not null,
  primary key (library_id, chunk_id),
  unique (library_id, document_id, ordinal),
  foreign key (library_id, document_id, revision) references revisions,
  check (start_offset >= 0 and end_offset > start_offset)
);
create index chunks_by_content on chunks (library_id, content_hash);

-- BM25: for one term of one document, the chunks that hold it and the term's weight in each (idf is applied when
-- searching, from the length of these arrays). Keyed by document so that a new revision replaces its rows alone.
create table postings (
  library_id text not null,
  term text not null,
  document_id text not null,
  chunk_ids int[] not null,
  weights real[] not null,
  primary key (library_id, term, document_id),
  foreign key (library_id, document_id) references documents,
  check (cardinality(chunk_ids) = cardinality(weights))
);
create index postings_by_document on postings (library_id, document_id);

create table conversations (
  library_id text not null references libraries,
  conversation_id text not null,
  created_at timestamptz not null default now(),
  primary key (library_id, conversation_id)
);

create table answers (
  library_id text not null,
  answer_id text not null,
  conversation_id text not null,
  question text not null,
  mode text not null,
  -- the whole answer object, null while the answer is under way
  answer jsonb,
  feedback jsonb,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (library_id, answer_id),
  foreign key (library_id, conversation_id) references conversations
);
create index answers_by_conversation on answers (library_id, conversation_id, created_at);

-- What the reader was sent, in order, written before it was sent. At most one terminal event an answer.
create table answer_events (
  library_id text not null,
  answer_id text not null,
  seq int not null,
  terminal boolean not null,
  event jsonb not null,
  stored_at timestamptz not null default now(),
  primary key (library_id, answer_id, seq),
  foreign key (library_id, answer_id) references answers
);
create unique index answer_events_one_terminal on answer_events (library_id, answer_id) where terminal;
