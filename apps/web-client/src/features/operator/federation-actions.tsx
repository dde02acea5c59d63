import { Button, Group, Stack } from '@mantine/core';
import type { FederationDetail, OperatorAction, RoundAction } from '@perfit/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { actionWords, roundActionWords, roundQuestion, stopQuestion } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { Confirm } from '../../shared/ui/confirm.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import type { Question } from '../../shared/ui/question.ts';
import { detailQuery } from './admin-api.ts';
import { useMay } from './use-role.ts';

/** What moves the federation, or its round in progress. */
type Deed =
  | { readonly of: 'federation'; readonly action: OperatorAction }
  | { readonly of: 'round'; readonly action: RoundAction; readonly round: number };

/** Only what would move it now; what loses something is asked first. */
export function FederationActions({ detail }: { readonly detail: FederationDetail }) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Deed | null>(null);
  const may = useMay('operator');
  const doing = useMutation({
    mutationFn: (deed: Deed) =>
      deed.of === 'federation'
        ? admin.act(detail.id, deed.action)
        : admin.actOnRound(detail.id, deed.round, deed.action),
    onSuccess: () => setAsked(null),
    onSettled: () => queries.invalidateQueries({ queryKey: detailQuery(detail.id).queryKey }),
  });
  if (!may) return null;
  const begin = (deed: Deed) => {
    doing.reset();
    if (questionOf(deed)) setAsked(deed);
    else doing.mutate(deed);
  };
  const round = detail.rounds.at(-1)?.number;
  const deeds: Deed[] = [
    ...detail.actions.map((action) => ({ of: 'federation' as const, action })),
    ...(round === undefined
      ? []
      : (detail.roundActions ?? []).map((action) => ({ of: 'round' as const, action, round }))),
  ];
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {deeds.map((deed) => (
          <Button
            key={deed.action}
            size="sm"
            variant={deed.action === 'stop' ? 'light' : 'default'}
            {...(deed.action === 'stop' ? { color: 'red' } : {})}
            loading={doing.isPending && doing.variables === deed}
            onClick={() => begin(deed)}
          >
            {wordOf(deed, detail)}
          </Button>
        ))}
      </Group>
      {doing.error && !asked ? <FailureAlert failure={failureOf(doing.error)} /> : null}
      <Confirm
        question={asked && questionOf(asked)}
        isPending={doing.isPending}
        error={doing.error}
        onCancel={() => setAsked(null)}
        onConfirm={() => asked && doing.mutate(asked)}
      />
    </Stack>
  );
}

function questionOf(deed: Deed): Question | null {
  if (deed.of === 'round') return roundQuestion(deed.action, deed.round);
  return deed.action === 'stop' ? stopQuestion : null;
}

/** A start of what has started already does not wait for everybody that was to be recruited. */
function wordOf(deed: Deed, { status }: FederationDetail): string {
  if (deed.of === 'round') return roundActionWords[deed.action];
  return deed.action === 'start' && status.state === 'recruiting' ? actionWords.beginNow : actionWords[deed.action];
}
