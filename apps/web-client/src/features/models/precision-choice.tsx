import { Input, SegmentedControl } from '@mantine/core';
import { useId } from 'react';
import { strings } from '#strings/models.ts';
import type { PrecisionWish } from './precision.ts';

const options: { value: PrecisionWish; label: string }[] = [
  { value: 'auto', label: strings.precision.auto },
  { value: 'f32', label: 'f32' },
  { value: 'f16', label: 'f16' },
  { value: 'int8', label: 'int8' },
  { value: 'int4', label: 'int4' },
];

interface PrecisionChoiceProps {
  readonly value: PrecisionWish;
  readonly onChange: (value: PrecisionWish) => void;
}

/** How the weights of whatever is opened next lie on the device. */
export function PrecisionChoice({ value, onChange }: PrecisionChoiceProps) {
  const labelId = useId();
  const hintId = useId();
  return (
    <Input.Wrapper
      label={strings.precision.label}
      labelElement="div"
      labelProps={{ id: labelId }}
      description={strings.precision.hint}
      descriptionProps={{ id: hintId }}
    >
      <SegmentedControl
        mt={4}
        size="xs"
        aria-labelledby={labelId}
        aria-describedby={hintId}
        value={value}
        data={options}
        onChange={onChange}
      />
    </Input.Wrapper>
  );
}
