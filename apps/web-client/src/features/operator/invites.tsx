import { Button, CopyButton, Group, Skeleton, Stack, Table, Text, TextInput, Tooltip } from '@mantine/core';
import type { FederationDetail, InviteView } from '@perfit/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import {
  expiryLine,
  inviteLabel,
  inviteState,
  revokeQuestion,
  usesLine,
  inviteStrings as words,
} from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { Confirm } from '../../shared/ui/confirm.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { invitesQuery } from './admin-api.ts';
import { NewInviteForm } from './new-invite-form.tsx';

const QrCode = lazy(async () => ({ default: (await import('./qr-code.tsx')).QrCode }));

/** Who may come in: by a link that counts its uses, or everybody. */
export function Invites({ detail }: { readonly detail: FederationDetail }) {
  if (detail.config.access === 'open') {
    const link = new URL(`/join/${detail.id}`, window.location.origin).href;
    return (
      <Section title={words.title} lead={words.openLead}>
        <LinkToCopy label={words.link} link={link} />
      </Section>
    );
  }
  return (
    <Section title={words.title} lead={words.lead}>
      <InviteList detail={detail} />
    </Section>
  );
}

function InviteList({ detail }: { readonly detail: FederationDetail }) {
  const { data, error } = useQuery(invitesQuery(detail.id, detail.clients.length));
  const [creating, setCreating] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  if (error && !data) return <FailureAlert failure={failureOf(error)} />;
  if (!data) return <Skeleton height={120} />;
  // The newest that still lets people in is most often the one that is wanted.
  const latest = data.filter(({ usable }) => usable).toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  const open = data.find(({ id }) => id === shown) ?? latest[0];
  return (
    <Stack gap="md">
      {open?.usable ? (
        <Group align="flex-start" gap="lg">
          <Suspense fallback={<Skeleton height={160} width={160} />}>
            <QrCode text={linkHere(open)} label={words.qr} />
          </Suspense>
          <Stack gap={4} flex={1} miw={220}>
            <LinkToCopy label={inviteLabel(open)} link={linkHere(open)} />
            <Text size="sm" c="dimmed">
              {`${usesLine(open)} ${expiryLine(open)}`}
            </Text>
          </Stack>
        </Group>
      ) : (
        <Text c="dimmed">{words.noneUsable}</Text>
      )}
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing={6} tabularNums aria-label={words.list}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.columns.label}</Table.Th>
              <Table.Th>{words.columns.state}</Table.Th>
              <Table.Th>{words.columns.uses}</Table.Th>
              <Table.Th>{words.columns.expiry}</Table.Th>
              <Table.Th aria-label={words.columns.actions} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.map((invite) => (
              <Table.Tr key={invite.id}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{inviteLabel(invite)}</Table.Td>
                <Table.Td>{inviteState(invite)}</Table.Td>
                <Table.Td>{usesLine(invite)}</Table.Td>
                <Table.Td>{expiryLine(invite)}</Table.Td>
                <Table.Td>
                  {invite.usable ? (
                    <InviteButtons federation={detail.id} invite={invite} onShow={() => setShown(invite.id)} />
                  ) : null}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {creating ? (
        <NewInviteForm
          federation={detail.id}
          onMade={({ id }) => {
            setShown(id);
            setCreating(false);
          }}
          onCancel={() => setCreating(false)}
        />
      ) : (
        <Group>
          <Button variant="default" onClick={() => setCreating(true)}>
            {words.another}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** The coordinator names its own address; behind a proxy people come by the one that this page has. */
function linkHere({ joinUrl }: InviteView): string {
  const { pathname, search } = new URL(joinUrl);
  return new URL(pathname + search, window.location.origin).href;
}

interface InviteButtonsProps {
  readonly federation: string;
  readonly invite: InviteView;
  readonly onShow: () => void;
}

function InviteButtons({ federation, invite, onShow }: InviteButtonsProps) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const revoking = useMutation({
    mutationFn: () => admin.revokeInvite(federation, invite.id),
    onSuccess: () => setAsked(false),
    onSettled: () => queries.invalidateQueries({ queryKey: invitesQuery(federation, 0).queryKey.slice(0, -1) }),
  });
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      <Button size="compact-xs" variant="subtle" onClick={onShow}>
        {words.show}
      </Button>
      <Button size="compact-xs" variant="subtle" onClick={() => setAsked(true)}>
        {words.revoke}
      </Button>
      <Confirm
        question={asked ? revokeQuestion(invite) : null}
        isPending={revoking.isPending}
        error={revoking.error}
        onCancel={() => setAsked(false)}
        onConfirm={() => revoking.mutate()}
      />
    </Group>
  );
}

function LinkToCopy({ label, link }: { readonly label: string; readonly link: string }) {
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        label={label}
        readOnly
        value={link}
        flex={1}
        miw={200}
        onFocus={(event) => event.currentTarget.select()}
      />
      <CopyButton value={link}>
        {({ copied, copy }) => (
          <Tooltip label={words.copied} opened={copied}>
            <Button variant="default" onClick={copy}>
              {words.copy}
            </Button>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
