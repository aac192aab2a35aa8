-- Conversations of the readers of the page: whose they are, what they are called, and when their last question came.

-- The hash of what one browser holds; null: of a program, and in nobody's list.
alter table conversations add column owner text;
-- null: the first question is its name
alter table conversations add column title text;
alter table conversations add column asked_at timestamptz not null default now();

update conversations c set asked_at = coalesce(
  (select max(a.created_at) from answers a
   where a.library_id = c.library_id and a.conversation_id = c.conversation_id), c.created_at);

-- A page of a reader's list looks at no other conversations.
create index conversations_by_owner on conversations (library_id, owner, asked_at, conversation_id)
  where owner is not null;
