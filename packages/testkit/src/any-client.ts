/** Of a client, what no test asks about. */
export const anyClient = {
  name: 'Ada',
  agent: 'test',
  device: { backend: 'cpu', description: 'a test' },
  shareEvaluation: true,
} as const;
