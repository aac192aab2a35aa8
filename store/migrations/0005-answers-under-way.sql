-- When the process that makes an answer last said that it still does. Readers in other processes judge by it.
alter table answers add column alive_at timestamptz not null default now();
