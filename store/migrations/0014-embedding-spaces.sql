-- A library is searched in one space and can be filled in another. What a chunk or a revision is called says nothing of
-- the space any more: a switch learns nothing anew, and vectors that there are stay those of their chunks.

-- the space that was searched before
alter table libraries add column former_space_id int references spaces;

-- As ingest/vectors.ts makes it: of the headings, one a line, and the text.
update chunks set content_hash = encode(sha256(convert_to(
  coalesce((select string_agg(heading, e'\n' order by n) from jsonb_array_elements_text(headings) with ordinality as h(heading, n)), '')
  || e'\n' || text, 'UTF8')), 'hex');
