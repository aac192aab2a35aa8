-- The pages of documents that have them, and of what is cited from them.

-- where each page begins in the text, in UTF-16 code units; none: the document has no pages, or they were not kept
alter table revisions add column pages int[] not null default '{}';

-- What was cited so far was cited without a page.
create function pg_temp.unpaged(places jsonb) returns jsonb language sql as $$
  select coalesce(jsonb_agg(place || '{"page": null}' order by at), '[]')
  from jsonb_array_elements(places) with ordinality as p(place, at) $$;

update answers set answer = answer || jsonb_build_object(
  'citations', pg_temp.unpaged(answer -> 'citations'),
  'passages', pg_temp.unpaged(answer -> 'passages'),
  'nearest', pg_temp.unpaged(answer -> 'nearest'))
where answer is not null;
update answer_events set event = jsonb_set(event, '{citation,page}', 'null') where event ->> 'type' = 'citation';
update answer_events set event = jsonb_set(event, '{passages}', pg_temp.unpaged(event -> 'passages'))
where event ->> 'type' = 'passages';
drop function pg_temp.unpaged;
