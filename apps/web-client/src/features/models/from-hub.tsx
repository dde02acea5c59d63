import { Alert, Button, Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { strings } from '#strings/models.ts';
import type { ModelOrigin } from '../../contract/models-api.ts';
import { modelListQuery } from '../../shared/api/models.ts';

const words = strings.other;

interface FromHubProps {
  readonly busy: boolean;
  readonly onOpen: (origin: ModelOrigin) => void;
}

/** A repository by name. The token lives in this component and in the call. */
export function FromHub({ busy, onOpen }: FromHubProps) {
  const { data } = useQuery(modelListQuery);
  const [name, setName] = useState('');
  const [token, setToken] = useState('');
  const isAllowed = data?.hub ?? false;
  const parsed = parseRepository(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!parsed || busy || !isAllowed) return;
    onOpen({ kind: 'hub', ...parsed, ...(token.trim() ? { token: token.trim() } : {}) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md" maw={560}>
        {isAllowed ? null : (
          <Alert variant="light" color="gray">
            {data ? words.closed : words.asking}
          </Alert>
        )}
        <TextInput
          label={words.repository}
          description={words.repositoryHint}
          placeholder={words.repositoryExample}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          disabled={!isAllowed}
          value={name}
          error={name.trim() && !parsed ? words.badRepository : null}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label={words.token}
          description={words.tokenHint}
          autoComplete="off"
          disabled={!isAllowed}
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" disabled={!parsed || busy || !isAllowed}>
            {words.open}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** owner/name, owner/name:Q4_1 or owner/name@revision; null where it is none of them. */
function parseRepository(text: string): { repository: string; revision?: string } | null {
  const match = /^([\w.-]+\/[\w.-]+(?::[\w.-]+)?)(?:@([\w./-]+))?$/.exec(text.trim());
  if (!match) return null;
  const [, repository, revision] = match;
  return { repository: repository as string, ...(revision ? { revision } : {}) };
}
