import { Button, FileButton, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { strings } from '#strings/models.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import type { OpenModelControls } from './use-open-model.ts';

const words = strings.adapter;

interface AdapterInUseProps {
  readonly adapter: string | null;
  readonly adapt: OpenModelControls['adapt'];
}

/** A PEFT adapter from disk on top of the open model, or none. */
export function AdapterInUse({ adapter, adapt }: AdapterInUseProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const use = async (wanted: Parameters<typeof adapt>[0]) => {
    setBusy(true);
    setFailure(null);
    try {
      await adapt(wanted);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  const take = (files: readonly File[]) => {
    if (files.length === 0) return;
    const find = (name: string) => files.find((file) => file.name.endsWith(name));
    const [config, weights] = [find('adapter_config.json'), find('adapter_model.safetensors')];
    if (config && weights) void use({ name: weights.name, files: { config, weights } });
    else setFailure({ code: 'adapter-missing-file', message: words.wrongFiles });
  };
  return (
    <Section title={words.title} lead={words.lead}>
      <Group gap="sm">
        <FileButton
          multiple
          onChange={take}
          accept=".json,.safetensors"
          inputProps={{ 'data-testid': 'adapter-files' } as object}
        >
          {(props) => (
            <Button {...props} variant="default" loading={busy}>
              {adapter ? words.replace : words.choose}
            </Button>
          )}
        </FileButton>
        {adapter ? (
          <Button variant="subtle" onClick={() => void use(null)} disabled={busy}>
            {words.remove}
          </Button>
        ) : null}
        <Text size="sm" c={adapter ? undefined : 'dimmed'} role="status" style={{ overflowWrap: 'anywhere' }}>
          {adapter ? `${words.inUse} ${adapter}` : words.none}
        </Text>
      </Group>
      {failure ? <FailureAlert failure={failure} title={words.failed} /> : null}
    </Section>
  );
}
