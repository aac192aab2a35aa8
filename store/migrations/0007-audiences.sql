-- Documents for some readers only, and answers that were asked for some.

-- Names of channels and groups as core/audience.ts writes them; none: for everyone. Compared by every search that is
-- limited, so a change of it counts from its commit on.
alter table documents add column audience text[] not null default '{}' check (array_position(audience, null) is null);
create index documents_limited on documents (library_id) where audience <> '{}';

-- Whom an answer was asked for; null: without a limit. What it says may only be told on to readers who are all of them.
alter table answers add column audiences text[];
