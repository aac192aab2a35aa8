-- What was refused or judged badly is a small part of the answers: by this, the report of gaps looks at nothing else.
create index answers_unanswered on answers (library_id, created_at, answer_id)
  where answer ->> 'status' = 'abstained' or feedback ->> 'rating' = 'down';
