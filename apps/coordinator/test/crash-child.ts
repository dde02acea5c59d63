// A coordinator in a process of its own, for the test that kills it. It loads its code, starts when a line comes, and
// says where it listens.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createCoordinator } from '../src/index.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as { dataDirectory: string; modelsDirectory: string; port: number };
const input = createInterface({ input: process.stdin });
await once(input, 'line');
const coordinator = await createCoordinator({ ...options, host: '127.0.0.1' });
process.stdout.write(`${JSON.stringify({ url: coordinator.url, port: coordinator.port })}\n`);
process.once('SIGTERM', () => {
  coordinator.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
