-- Postings packed by ranges of chunks, and the counts of terms kept: a search reads a hundred rows of a common term in
-- 50,000 chunks instead of one row per document, and the vocabulary is read without the postings.

alter table postings rename to unpacked;
alter index postings_pkey rename to unpacked_pkey;

-- For one term, those of 512 chunks (chunk_id / 512 = segment) that hold it: of each its chunk_id and the term's weight
-- in it, 4 bytes each, big-endian (store/postings.ts). No row is larger than half a page, so none is kept apart from
-- its table; the room left in each page is for rows that grow where they are.
create table postings (
  library_id text not null references libraries,
  term text not null,
  segment int not null,
  entries bytea not null,
  primary key (library_id, term, segment)
) with (fillfactor = 70);
alter table postings alter column entries set storage plain;
create index postings_by_segment on postings (library_id, segment);

-- Every term of a library with the number of chunks that hold it.
create table terms (
  library_id text not null references libraries,
  term text not null,
  holding int not null,
  primary key (library_id, term)
) with (fillfactor = 70);

insert into postings (library_id, term, segment, entries)
select library_id, term, u.chunk_id / 512, string_agg(int4send(u.chunk_id) || float4send(u.weight), '' order by u.chunk_id)
from unpacked cross join unnest(chunk_ids, weights) as u(chunk_id, weight)
group by library_id, term, u.chunk_id / 512;

insert into terms (library_id, term, holding)
select library_id, term, sum(cardinality(chunk_ids)) from unpacked group by library_id, term;

drop table unpacked;
