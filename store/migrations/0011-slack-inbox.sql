-- What ended long ago is swept once an hour: without an index every sweep reads the table.
create index slack_tasks_ended on slack_tasks (library_id, ended_at) where ended_at is not null;
