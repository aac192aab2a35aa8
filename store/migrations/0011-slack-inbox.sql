-- What ended long ago is swept once an hour: without an index every sweep reads the table.
create index slack_tasks_ended on slack_tasks (library_id, ended_at) where ended_at is not null;

-- Quick tasks are taken beside those that take long, by places of their own: a click has to open its form in three seconds.
alter table slack_tasks add column quick boolean not null default false;

-- As before (0006), with a number for either kind.
drop function take_slack_tasks(text, int, float8);
create function take_slack_tasks(library text, most int, most_quick int, lease_ms float8)
returns table (id text, number int, failures int, "isQuick" boolean, task jsonb, progress jsonb)
language plpgsql volatile as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(7031978);
  return query
    with next as (
      select t.task_id from (values (false, most), (true, most_quick)) as kind (quick, places)
      cross join lateral (
        select t.task_id from slack_tasks t
        where t.library_id = library and t.quick = kind.quick and t.ended_at is null and t.due_at <= clock_timestamp()
          and (t.leased_until is null or t.leased_until <= clock_timestamp())
          -- An earlier task of the lane bars the later ones also while it waits for its next attempt.
          and not exists (
            select from slack_tasks o
            where o.library_id = t.library_id and o.lane = t.lane and o.ended_at is null
              and ((o.said_at, o.task_id) < (t.said_at, t.task_id) or o.leased_until > clock_timestamp()))
        order by t.said_at, t.task_id limit kind.places) t)
    update slack_tasks t set attempts = t.attempts + 1, failures = t.failures + 1,
      leased_until = clock_timestamp() + lease_ms * interval '1 ms'
    from next
    -- Looked at once more: a row may have been renewed or ended while this waited for it.
    where t.library_id = library and t.task_id = next.task_id and t.ended_at is null
      and (t.leased_until is null or t.leased_until <= clock_timestamp())
    returning t.task_id, t.attempts, t.failures, t.quick, t.task, t.progress;
end $$;
