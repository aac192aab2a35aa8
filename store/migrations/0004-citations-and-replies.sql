-- The citations of stored answers by document, what models replied, and one copy less of every answer.

-- Every citation of a finished answer: a save of its document looks up which quotes no longer stand. Its revision cannot
-- be removed while it is cited.
create table citations (
  library_id text not null,
  answer_id text not null,
  n int not null,
  document_id text not null,
  revision text not null,
  quote text not null,
  -- the quote does not stand in the document's current revision
  stale boolean not null,
  primary key (library_id, answer_id, n),
  foreign key (library_id, answer_id) references answers,
  foreign key (library_id, document_id, revision) references revisions
);
create index citations_by_document on citations (library_id, document_id);
create index citations_stale on citations (library_id, answer_id) where stale;

insert into citations (library_id, answer_id, n, document_id, revision, quote, stale)
select a.library_id, a.answer_id, (c ->> 'n')::int, d.document_id, c #>> '{document,revision}', c ->> 'quote',
       coalesce(position(c ->> 'quote' in r.text) = 0, false)
from answers a cross join jsonb_array_elements(a.answer -> 'citations') as c
join documents d on d.library_id = a.library_id and d.document_id = c #>> '{document,id}'
left join revisions r on r.library_id = d.library_id and r.document_id = d.document_id and r.revision = d.revision
  and d.revision <> c #>> '{document,revision}';

-- The answer stands in answers; its last event is put together with it when it is read.
update answer_events set event = event - 'answer' where terminal;

-- Which prompts were sent for the answers so far was not recorded; none of them was made of a kept reply.
update answers set answer = answer || '{"prompts": null, "cached": false}' where answer is not null;

-- What a model wrote, by the hash of its name and of all that it was sent (server/answer/replies.ts).
create table replies (
  library_id text not null references libraries,
  key text not null,
  reply text not null,
  kept_at timestamptz not null default now(),
  primary key (library_id, key)
);
create index replies_by_age on replies (library_id, kept_at);
