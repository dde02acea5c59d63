import { Fieldset, SimpleGrid, Stack, Text } from '@mantine/core';
import { PROJECTIONS } from '@perfit/protocol/space';
import type { ReactNode } from 'react';
import {
  advancedStrings,
  decayWords,
  meanWords,
  optimizerWords,
  otherHints,
  precisionWords,
  scopeWords,
  scoreWords,
  weightingWords,
} from '#strings/operator.ts';
import classes from './advanced-fields.module.css';
import { ChoiceField, type DraftForm, FlagField, NumberField, SeveralField } from './draft-fields.tsx';
import { type Field, isAsked } from './federation-draft.ts';
import { TierFields } from './tier-fields.tsx';

/** What most federations leave as it is; of that only what the chosen strategy uses. */
export function AdvancedFields({ form }: { readonly form: DraftForm }) {
  const { draft } = form;
  const where = (field: Field, node: ReactNode) => (isAsked(field, draft) ? node : null);
  return (
    <details>
      <summary>{advancedStrings.title}</summary>
      <Stack gap="lg" mt="sm">
        <FieldGroup title={advancedStrings.adapter}>
          <NumberField form={form} field="lora.alpha" />
          <div className={classes.wide}>
            <SeveralField form={form} field="lora.targets" options={PROJECTIONS} />
          </div>
        </FieldGroup>
        {where(
          'search.everyRounds',
          <FieldGroup title={advancedStrings.search}>
            {where('search.score', <ChoiceField form={form} field="search.score" options={optionsOf(scoreWords)} />)}
            <ChoiceField form={form} field="search.scope" options={optionsOf(scopeWords)} />
            {where('search.warmupEpochs', <NumberField form={form} field="search.warmupEpochs" step={0.5} />)}
            {where('search.iterations', <NumberField form={form} field="search.iterations" />)}
            {where('search.batches', <NumberField form={form} field="search.batches" />)}
            <NumberField form={form} field="search.sharedRounds" />
            <NumberField form={form} field="search.everyRounds" />
            <NumberField form={form} field="search.prior" step={0.5} />
            {where('search.rewind', <FlagField form={form} field="search.rewind" />)}
          </FieldGroup>,
        )}
        {where(
          'search.slowDevices',
          <FieldGroup title={advancedStrings.budgets}>
            <NumberField form={form} field="search.density" step={0.05} />
            <TierFields form={form} />
          </FieldGroup>,
        )}
        <FieldGroup title={advancedStrings.tuning}>
          <NumberField form={form} field="tuning.batchSize" />
          <NumberField form={form} field="tuning.warmup" step={0.05} />
          <ChoiceField form={form} field="tuning.decay" options={optionsOf(decayWords)} />
          <NumberField form={form} field="tuning.weightDecay" step={0.01} />
          <NumberField form={form} field="tuning.clipNorm" step={0.1} />
          {where('personal.keep', <NumberField form={form} field="personal.keep" step={0.1} />)}
          <NumberField
            form={form}
            field="tuning.proximal"
            hint={draft.strategy === 'fedprox' ? otherHints.fedproxPull : undefined}
            step={0.01}
          />
        </FieldGroup>
        {where(
          'server.optimizer',
          <FieldGroup title={advancedStrings.averaging}>
            <ChoiceField form={form} field="server.optimizer" options={optionsOf(optimizerWords)} />
            {where(
              'server.learningRate',
              <NumberField
                form={form}
                field="server.learningRate"
                hint={draft['server.optimizer'] === 'adam' ? otherHints.adamRate : undefined}
                step={0.1}
              />,
            )}
            {where('server.beta1', <NumberField form={form} field="server.beta1" step={0.1} />)}
            {where('server.beta2', <NumberField form={form} field="server.beta2" step={0.01} />)}
            {where('server.epsilon', <NumberField form={form} field="server.epsilon" step={0.001} />)}
          </FieldGroup>,
        )}
        {where(
          'wire.dtype',
          <FieldGroup title={advancedStrings.sending}>
            <ChoiceField form={form} field="wire.dtype" options={optionsOf(precisionWords)} />
          </FieldGroup>,
        )}
        <FieldGroup title={advancedStrings.schedule}>
          <NumberField form={form} field="schedule.settleSeconds" />
          <NumberField form={form} field="schedule.maxRepeats" />
        </FieldGroup>
        <FieldGroup title={advancedStrings.evaluation}>
          <NumberField form={form} field="evaluation.heldOut" step={0.05} />
          <NumberField form={form} field="evaluation.validation" step={0.05} />
          <NumberField form={form} field="seed" />
        </FieldGroup>
        <FieldGroup title={advancedStrings.bounds}>
          <NumberField form={form} field="maxDeltaNorm" />
          {where('robust.clipNorm', <NumberField form={form} field="robust.clipNorm" step={0.1} />)}
          {where('robust.mean', <ChoiceField form={form} field="robust.mean" options={optionsOf(meanWords)} />)}
          {where('robust.trim', <NumberField form={form} field="robust.trim" step={0.05} />)}
          {where('robust.minimumOwners', <NumberField form={form} field="robust.minimumOwners" />)}
          <ChoiceField form={form} field="weighting.by" options={optionsOf(weightingWords)} />
          <NumberField form={form} field="weighting.cap" />
          <NumberField form={form} field="smallestGroup" />
        </FieldGroup>
      </Stack>
    </details>
  );
}

function FieldGroup({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Fieldset
      variant="unstyled"
      m={0}
      p={0}
      legend={
        <Text span c="dimmed" fw={500}>
          {title}
        </Text>
      }
    >
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>{children}</SimpleGrid>
    </Fieldset>
  );
}

function optionsOf(words: Readonly<Record<string, string>>) {
  return Object.entries(words).map(([value, label]) => ({ value, label }));
}
