-- What was said in Slack and is to be done once (store/inbox.ts). Slack hears that it arrived when its row stands here.
create table slack_tasks (
  library_id text not null references libraries,
  -- the same in every delivery: the second one finds the first
  task_id text not null,
  -- tasks of one lane are done one after the other, in the order in which they were said
  lane text not null,
  said_at numeric(18, 6) not null,
  -- null once it is done: what was asked stands in answers
  task jsonb,
  progress jsonb not null default '{}',
  -- how often it was taken. The number of a taker is its fencing token: a later one makes it worthless
  attempts int not null default 0,
  -- attempts that count against it; an attempt counts from its beginning, so that one that kills its process does, too
  failures int not null default 0,
  due_at timestamptz not null default now(),
  leased_until timestamptz,
  ended_at timestamptz,
  -- why it was given up; null: it is done, or still open
  fault text,
  primary key (library_id, task_id)
);
create index slack_tasks_open on slack_tasks (library_id, said_at) where ended_at is null;
create index slack_tasks_by_lane on slack_tasks (library_id, lane);
