-- Who vouches for somebody that logs in without a key (OpenID Connect): two issuers may know the same address. Null: a key,
-- or somebody who has not logged in since this is kept.
alter table api_keys add column issuer text;
