import { isRoleEnough, type OperatorRole } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { operatorQuery } from './admin-api.ts';

/** Whether whoever is logged in may do what needs this role: what they may not is not offered. */
export function useMay(needs: OperatorRole): boolean {
  const { data } = useQuery(operatorQuery);
  return data !== undefined && isRoleEnough(data.role, needs);
}
