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

-- Takes up to `most` tasks whose turn it is. A function, because its plans are kept: planning took 12 ms of the embedded
-- database's time, the work itself under one (measured with 100 open tasks). Takers of all processes queue for each other:
-- two that look at once could take two tasks of one lane. The lock's number is any that migrations do not use; what is
-- looked at is the state after the lock was got, because each statement of a volatile function sees anew.
create function take_slack_tasks(library text, most int, lease_ms float8)
returns table (id text, number int, failures int, task jsonb, progress jsonb)
language plpgsql volatile as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(7031978);
  return query
    with next as (
      select t.task_id from slack_tasks t
      where t.library_id = library and t.ended_at is null and t.due_at <= clock_timestamp()
        and (t.leased_until is null or t.leased_until <= clock_timestamp())
        -- An earlier task of the lane bars the later ones also while it waits for its next attempt.
        and not exists (
          select from slack_tasks o
          where o.library_id = t.library_id and o.lane = t.lane and o.ended_at is null
            and ((o.said_at, o.task_id) < (t.said_at, t.task_id) or o.leased_until > clock_timestamp()))
      order by t.said_at, t.task_id limit most)
    update slack_tasks t set attempts = t.attempts + 1, failures = t.failures + 1,
      leased_until = clock_timestamp() + lease_ms * interval '1 ms'
    from next
    -- Looked at once more: a row may have been renewed or ended while this waited for it.
    where t.library_id = library and t.task_id = next.task_id and t.ended_at is null
      and (t.leased_until is null or t.leased_until <= clock_timestamp())
    returning t.task_id, t.attempts, t.failures, t.task, t.progress;
end $$;
