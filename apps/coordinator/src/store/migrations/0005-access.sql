-- Who was there before roles came was the only one, and could do everything.
alter table operators add column role text not null default 'admin';

create table sessions (
  id text primary key,
  operator text not null references operators (name) on delete cascade,
  address text not null,
  agent text not null,
  created_at timestamptz not null,
  last_seen timestamptz not null,
  expires_at timestamptz not null
);

-- The key itself is told once; what is kept is its SHA-256.
create table api_keys (
  id text primary key,
  label text not null,
  role text not null,
  secret_hash text not null,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used timestamptz,
  revoked_at timestamptz
);

create table audit (
  sequence bigint generated always as identity primary key,
  at timestamptz not null,
  actor text,
  actor_kind text not null,
  address text not null,
  action text not null,
  target text,
  outcome text not null
);
create rule audit_keeps_what_is_there as on update to audit do instead nothing;
create rule audit_forgets_nothing as on delete to audit do instead nothing;
