import { Button, Group } from '@mantine/core';
import type { ClientAction, ClientView } from '@perfit/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { clientActionLabel, clientActionWords, clientQuestion } from '#strings/operator.ts';
import { admin } from '../../shared/api/admin.ts';
import { Confirm } from '../../shared/ui/confirm.tsx';
import { detailQuery } from './admin-api.ts';

interface ClientActionsProps {
  readonly federation: string;
  readonly client: ClientView;
}

/** To send somebody away, for now or for good. Each is asked first. */
export function ClientActions({ federation, client }: ClientActionsProps) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState<ClientAction | null>(null);
  const doing = useMutation({
    mutationFn: (action: ClientAction) => admin.actOnClient(federation, client.id, action),
    onSuccess: () => setAsked(null),
    onSettled: () => queries.invalidateQueries({ queryKey: detailQuery(federation).queryKey }),
  });
  const actions: ClientAction[] = client.bannedAt ? ['unban'] : client.removedAt ? ['ban'] : ['remove', 'ban'];
  const ask = (action: ClientAction) => {
    doing.reset();
    setAsked(action);
  };
  return (
    <Group gap={4} wrap="nowrap">
      {actions.map((action) => (
        <Button
          key={action}
          size="compact-xs"
          variant="subtle"
          aria-label={clientActionLabel(action, client.name)}
          onClick={() => ask(action)}
        >
          {clientActionWords[action]}
        </Button>
      ))}
      <Confirm
        question={asked && clientQuestion(asked, client.name)}
        isPending={doing.isPending}
        error={doing.error}
        onCancel={() => setAsked(null)}
        onConfirm={() => asked && doing.mutate(asked)}
      />
    </Group>
  );
}
