import { Button, Group, NumberInput, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { type InviteView, newInviteSchema } from '@perfit/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { inviteStrings as words } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { invitesQuery } from './admin-api.ts';

interface NewInviteFormProps {
  readonly federation: string;
  readonly onMade: (invite: InviteView) => void;
  readonly onCancel: () => void;
}

/** A link of its own for each group of people: it can be counted and revoked by itself. */
export function NewInviteForm({ federation, onMade, onCancel }: NewInviteFormProps) {
  const queries = useQueryClient();
  const [label, setLabel] = useState('');
  const [uses, setUses] = useState<number | string>('');
  const [hours, setHours] = useState<number | string>('');
  const wanted = newInviteSchema.safeParse({
    ...(label.trim() ? { label: label.trim() } : {}),
    ...(uses === '' ? {} : { maxUses: Number(uses) }),
    ...(hours === '' ? {} : { expiresInHours: Number(hours) }),
  });
  const wrong = new Set(wanted.error?.issues.map(({ path }) => path[0]));
  const making = useMutation({
    mutationFn: () => admin.addInvite(federation, wanted.success ? wanted.data : {}),
    onSuccess: onMade,
    onSettled: () => queries.invalidateQueries({ queryKey: invitesQuery(federation, 0).queryKey.slice(0, -1) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted.success) making.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput
            label={words.fields.label}
            description={words.fields.labelHint}
            value={label}
            error={wrong.has('label') ? words.problems.label : null}
            onChange={(event) => setLabel(event.currentTarget.value)}
          />
          <NumberInput
            label={words.fields.uses}
            description={words.fields.usesHint}
            value={uses}
            min={1}
            error={wrong.has('maxUses') ? words.problems.uses : null}
            onChange={setUses}
          />
          <NumberInput
            label={words.fields.hours}
            description={words.fields.hoursHint}
            value={hours}
            min={1}
            error={wrong.has('expiresInHours') ? words.problems.hours : null}
            onChange={setHours}
          />
        </SimpleGrid>
        {making.error ? <FailureAlert failure={failureOf(making.error)} /> : null}
        <Group>
          <Button type="submit" loading={making.isPending}>
            {words.make}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {words.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
