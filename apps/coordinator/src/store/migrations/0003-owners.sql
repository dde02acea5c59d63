-- Which share of a version's submissions owned each position, for searches with a prior; null where none is asked for.
alter table versions add column owners_blob text;
