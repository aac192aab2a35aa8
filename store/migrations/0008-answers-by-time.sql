-- The list of answers begins with the newest: by this, no page of it looks at more answers than it shows.
create index answers_by_time on answers (library_id, created_at, answer_id) where answer is not null;
