-- When the latest try at a round's commit began: what came before it is tuning and settling, what comes after committing.
alter table rounds add column aggregating_at timestamptz;
