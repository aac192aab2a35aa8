-- Its library first, this index looked to the planner as good as the primary key for one answer, as long as there are few
-- of them and nobody has counted them: every event that was stored then read all answers of the library.
drop index answers_by_conversation;
create index answers_by_conversation on answers (conversation_id, library_id, created_at);
