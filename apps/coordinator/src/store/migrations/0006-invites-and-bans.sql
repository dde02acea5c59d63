-- `id` names an invite where its code, which is a secret, must not stand: in addresses and in the audit log.
alter table invites add column id text;
update invites set id = substr(md5(code), 1, 16);
alter table invites alter column id set not null;
alter table invites add constraint invites_id unique (id);
alter table invites add column label text;
alter table invites add column max_uses integer;
alter table invites add column expires_at timestamptz;
alter table invites add column revoked_at timestamptz;

alter table clients add column removed_at timestamptz;
alter table clients add column banned_at timestamptz;
alter table clients add column ban_reason text;
