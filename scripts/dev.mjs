// `npm run dev`: coordinator and web client under one address, both as their sources are at the moment: Vite serves the
// page and hands the rest on to a coordinator that starts again when its sources change.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { DevCoordinator, say } from './dev-coordinator.mjs';
import { ensureDependencies, ensureHooks, root, runScript, SetupError } from './setup.mjs';

const USAGE = `npm run dev -- [options]

  --port <n>       the port to open in a browser (default: 5173, or the next free one)
  --host [address] where to listen (default: localhost; without an address: everywhere)
  --data <path>    what the coordinator keeps (default: .perfit/dev)

Everything else is handed on to "perfit serve".
`;

/** What the coordinator is made of: a change there starts it again. */
const SOURCES = [
  'apps/cli/src',
  'apps/coordinator/src',
  'packages/protocol/src',
  'packages/federation/src',
  // Of the core what opens a model: `@perfit/core/files`.
  ...['files.ts', 'model/config.ts', 'node', 'text', 'weights'].map((path) => `packages/perfit-core/src/${path}`),
].map((path) => join(root, path));

await runScript(async () => {
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const { help, port, host, data, rest } = readArguments(cwd);
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  ensureDependencies();
  ensureHooks();

  const { promise: end, resolve: onEnd } = withResolvers();
  const coordinator = new DevCoordinator(['--data', data, ...originOf({ host, port }), ...rest], {
    cwd,
    onDeath: (code) => {
      say(`ended by itself, with ${code}`);
      onEnd(code || 1);
    },
  });
  endOn(['SIGINT', 'SIGTERM', 'SIGHUP'], { coordinator, onEnd });
  // Where this process fails, nobody is left to end the other.
  process.on('exit', () => coordinator.kill());

  let server = null;
  try {
    const first = await coordinator.start();
    // It is said once: whatever fails from here on, the next start must know it.
    const password = keptPassword(first.operator, data);
    server = await serveWebClient(first.url, { coordinator, host, port });
    const { local, network } = server.resolvedUrls;
    announce(first, { addresses: [...local, ...network], password });
    return await end;
  } finally {
    await server?.close();
    await coordinator.stop();
  }
});

function readArguments(cwd) {
  const args = process.argv.slice(2);
  const { values, tokens } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h' },
      port: { type: 'string' },
      host: { type: 'string' },
      data: { type: 'string' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const { port, host, data = join(root, '.perfit', 'dev') } = values;
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) <= 65535)) {
    throw new SetupError('--port: give a whole number from 0 to 65535.');
  }
  if (typeof data !== 'string') throw new SetupError('--data: give a folder.');
  const own = new Set();
  for (const { name, index, value, inlineValue } of tokens) {
    if (!['help', 'port', 'host', 'data'].includes(name)) continue;
    own.add(index);
    if (value !== undefined && !inlineValue) own.add(index + 1);
  }
  return {
    help: values.help === true,
    port: port === undefined ? undefined : Number(port),
    host,
    data: resolve(cwd, data),
    rest: args.filter((_, index) => !own.has(index)),
  };
}

/** A page under a domain name may only connect where its origin is listed; see docs/operating.md. */
function originOf({ host, port = 5173 }) {
  return isDomainName(host) ? ['--origin', `http://${host}:${port}`] : [];
}

function isDomainName(host) {
  return typeof host === 'string' && isIP(host) === 0 && host !== 'localhost' && !host.endsWith('.localhost');
}

async function serveWebClient(coordinatorUrl, { coordinator, host, port }) {
  const room = join(root, 'apps', 'web-client');
  const { createLogger, createServer } = await import(
    pathToFileURL(createRequire(join(room, 'package.json')).resolve('vite')).href
  );
  // What vite.config.ts hands requests on to.
  process.env.PERFIT_COORDINATOR = coordinatorUrl;
  const logger = createLogger('info', { allowClearScreen: false });
  const server = await createServer({
    root: room,
    customLogger: quietWhile(() => coordinator.isRestarting, logger),
    plugins: [restartOnChange(coordinator)],
    server: {
      ...(host === undefined ? {} : { host }),
      // A listed origin is good for one port; and whoever names a port wants that one.
      ...(port === undefined ? { strictPort: isDomainName(host) } : { port, strictPort: true }),
    },
  });
  try {
    return await server.listen();
  } catch (error) {
    await server.close();
    throw new SetupError(`The web client cannot be served: ${error.message}.`);
  }
}

/** A plugin, because Vite makes itself anew, with its watcher, when its configuration changes. */
function restartOnChange(coordinator) {
  return {
    name: 'perfit-coordinator',
    configureServer({ watcher, middlewares }) {
      let timer = null;
      watcher.add(SOURCES);
      watcher.on('all', (_event, path) => {
        if (!SOURCES.some((folder) => path.startsWith(folder)) || /\.test\.ts$/.test(path)) return;
        // A branch that is checked out changes many files.
        clearTimeout(timer);
        timer = setTimeout(() => {
          say(`${relative(root, path)} changed`);
          coordinator.restart();
        }, 100);
      });
      // What a page asks meanwhile is answered by the next one.
      middlewares.use(async ({ url }, _response, next) => {
        if (/^\/(api|models)\//.test(url)) await coordinator.settled();
        next();
      });
    },
    // Vite ends its process at SIGTERM as soon as this is done.
    closeServer: ({ reason }) => (reason === 'restart' ? undefined : coordinator.stop()),
  };
}

/** Requests and sockets that a restart cuts off are no news. */
function quietWhile(isRestarting, logger) {
  return {
    ...logger,
    error(text, options) {
      if (isRestarting() && / proxy (socket )?error/.test(text)) return;
      logger.error(text, options);
    },
  };
}

/** The first of these signals asks for an end in order, the next one for an end. */
function endOn(signals, { coordinator, onEnd }) {
  let isAsked = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (isAsked) return coordinator.kill();
      isAsked = true;
      // Vite would say 143.
      process.exitCode = 0;
      onEnd(0);
      void coordinator.stop();
    });
  }
}

/**
 * The coordinator says its first password once and keeps a hash; who develops starts it many times.
 * @returns the first password, or null where it was chosen by somebody
 */
function keptPassword({ password }, data) {
  const file = join(data, 'first-password');
  if (password) writeFileSync(file, password, { mode: 0o600 });
  if (process.env.PERFIT_OPERATOR_PASSWORD) return null;
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function announce({ operator, federations }, { addresses, password }) {
  const [address, ...others] = addresses;
  const lines = ['', `PerFIT in development: ${address}`];
  for (const other of others) lines.push(`                   also: ${other}`);
  for (const { name, joinUrl } of federations) {
    const { pathname, search } = new URL(joinUrl);
    lines.push(`Join "${name}": ${new URL(pathname + search, address).href}`);
  }
  lines.push(`Operator page: ${new URL('/operator', address).href}`);
  lines.push(`Log in as ${operator.name} with ${password ?? 'the password that you set'}`, '');
  process.stdout.write(`${lines.join('\n')}\n`);
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
