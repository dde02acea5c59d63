import { NativeSelect } from '@mantine/core';
import { type OperatorRole, operatorRoles } from '@perfit/protocol';
import { strings } from '#strings/access.ts';

interface RoleSelectProps {
  readonly value: OperatorRole;
  /** Seen where there is room for it. */
  readonly label?: string;
  /** Heard where it is not seen. */
  readonly name?: string;
  readonly disabled?: boolean;
  readonly onChange: (role: OperatorRole) => void;
}

export function RoleSelect({ value, label, name, disabled, onChange }: RoleSelectProps) {
  return (
    <NativeSelect
      label={label}
      aria-label={name}
      disabled={disabled ?? false}
      value={value}
      data={operatorRoles.map((role) => ({ value: role, label: strings.roles[role] }))}
      onChange={(event) => onChange(event.currentTarget.value as OperatorRole)}
    />
  );
}
