-- What the server's optimizer keeps with a version of theta_g; null where there is none.
alter table versions add column moments_blob text;
