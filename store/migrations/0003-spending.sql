-- What the model has cost, by library and day (UTC), and what is set aside for calls being made. A process that dies
-- during a call leaves its money set aside for that day: the provider will charge for it as well.
create table spending (
  library_id text not null references libraries,
  day date not null,
  calls int not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  spent_usd numeric(18, 9) not null default 0,
  reserved_usd numeric(18, 9) not null default 0,
  primary key (library_id, day)
);
