-- Who wrote a revision, in the order in which it names them; none: it does not say, or they were not kept.
alter table revisions add column authors text[] not null default '{}';
