-- What a client's person agreed to last; null where they were not asked.
alter table clients add column consent jsonb;
