-- The length of a text in UTF-16 code units, as all offsets count: kept, so that a list need not read the texts.
alter table revisions add column characters int;
update revisions set characters = length(text);
alter table revisions alter column characters set not null;
