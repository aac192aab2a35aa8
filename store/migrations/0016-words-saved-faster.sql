-- The index of words is most of what a save writes. Both of its tables are written only by a transaction that holds the
-- row of their library (store/chunks.ts), so a foreign key finds nothing out: it was looked up for every row again.
alter table postings drop constraint postings_library_id_fkey;
alter table terms drop constraint terms_library_id_fkey;

-- Terms are looked up and never shown in order: bytes are compared faster than letters of a language.
alter table postings alter column term type text collate "C";
alter table terms alter column term type text collate "C";

-- A row has 4 kB at most and is written again and again: compressing it each time costs more than it saves (0.40 instead of
-- 0.43 s of Postgres a MB of text).
alter table postings alter column entries set storage plain;
