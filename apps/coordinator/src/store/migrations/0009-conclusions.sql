-- Whether joining was worth it to a client, where it compared and shares that.
alter table clients add column conclusion jsonb;
