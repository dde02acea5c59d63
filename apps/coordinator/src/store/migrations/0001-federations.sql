create table operators (
  name text primary key,
  password_hash text not null,
  created_at timestamptz not null
);

create table federations (
  id text primary key,
  config jsonb not null,
  layout_hash text not null,
  layout_size integer not null,
  state jsonb not null,
  event_count integer not null default 0,
  created_at timestamptz not null
);

-- Every committed theta_g; version 0 follows from the seed and has no row.
create table versions (
  federation text not null references federations (id),
  version integer not null,
  blob text not null,
  created_at timestamptz not null,
  primary key (federation, version)
);

create table invites (
  code text primary key,
  federation text not null references federations (id),
  uses integer not null default 0,
  created_at timestamptz not null
);

create table clients (
  federation text not null references federations (id),
  id text not null,
  public_key text not null,
  name text not null,
  agent text not null,
  device jsonb not null,
  examples jsonb not null,
  density double precision not null,
  share_evaluation boolean not null default false,
  -- The mask on file: its DC1 form as a blob, its hash, and the round that it came in.
  mask_blob text,
  mask_hash text,
  mask_bytes integer,
  mask_kept integer,
  mask_round integer,
  bytes_up bigint not null default 0,
  bytes_down bigint not null default 0,
  joined_at timestamptz not null,
  last_seen timestamptz not null,
  primary key (federation, id)
);

create table rounds (
  federation text not null references federations (id),
  number integer not null,
  attempt integer not null,
  state text not null,
  reason text,
  started_at timestamptz not null,
  closed_at timestamptz,
  primary key (federation, number, attempt)
);

-- [UP4] One a client and round. The delta itself lies in the spool until the round is committed.
create table submissions (
  federation text not null references federations (id),
  round integer not null,
  client text not null,
  attempt integer not null,
  -- The order of acceptance within the round: the sums are rebuilt in it.
  position integer not null,
  sha256 text not null,
  bytes integer not null,
  report jsonb not null,
  weight double precision not null,
  norm double precision not null,
  mask_blob text not null,
  mask_hash text not null,
  received_at timestamptz not null,
  primary key (federation, round, client)
);

create table events (
  federation text not null references federations (id),
  sequence integer not null,
  at timestamptz not null,
  kind text not null,
  text text not null,
  data jsonb not null,
  primary key (federation, sequence)
);
