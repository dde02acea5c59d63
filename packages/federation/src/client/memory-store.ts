import type { ClientRecord, ClientStore } from './ports.ts';

/** A store that forgets everything at the end of the process: for simulations and tests. */
export function memoryStore(): ClientStore {
  const records = new Map<string, ClientRecord>();
  return {
    load: async (federation) => records.get(federation) ?? null,
    save: async (federation, record) => {
      records.set(federation, record);
    },
    remove: async (federation) => {
      records.delete(federation);
    },
  };
}
