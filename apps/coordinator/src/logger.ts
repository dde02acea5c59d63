import { type DestinationStream, type Logger, pino } from 'pino';

/** Names under which something lies that opens a door. */
const SECRETS = ['password', 'passwordHash', 'authorization', 'cookie', 'invite', 'nonce', 'signature', 'token'];
const paths = [...SECRETS, 'set-cookie'].flatMap((name) => ['', '*', '*.*'].map((place) => `${place}["${name}"]`));

/** JSON lines, on standard error where nothing else is said, without secrets. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino({ level, redact: { paths, censor: '[secret]' }, serializers: { err: told } }, destination);
}

/** A failed statement has its values in its message and its stack, among them invites and hashes of passwords. */
function told(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = '', cause } = error;
  const isStatement = 'params' in error;
  const sentence = isStatement ? message.slice(0, Math.max(0, message.indexOf('\nparams: '))) : message;
  return {
    type: name,
    message: sentence,
    ...('code' in error ? { code: error.code } : {}),
    // Where the message stands in the stack, only what comes after it is the stack.
    stack: stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length).trimStart() : '',
    ...(cause === undefined ? {} : { cause: told(cause) }),
  };
}
