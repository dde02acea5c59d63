import { randomBytes } from 'node:crypto';
import { type OperatorAccount, type OperatorRole, ProtocolError } from '@perfit/protocol';
import type { Clock } from '../clock.ts';
import { randomId } from '../random-id.ts';
import type { AccessStore, OperatorRow } from '../store/access-store.ts';
import { LoginThrottle } from './login-throttle.ts';
import { hashPassword, isPassword, type PasswordCost } from './passwords.ts';
import type { OpenedSession, Sessions } from './sessions.ts';

/** Who may run federations: names, passwords and roles. Who is removed or has a new password has no session left. */
export class OperatorAccounts {
  private readonly store: AccessStore;
  private readonly sessions: Sessions;
  private readonly clock: Clock;
  private readonly throttle: LoginThrottle;
  private readonly passwordCost: PasswordCost;
  /** For names that do not exist: their answer takes as long as any. */
  private decoy: Promise<string> | null = null;

  constructor(parts: {
    store: AccessStore;
    sessions: Sessions;
    clock: Clock;
    loginFailures: number;
    passwordCost: PasswordCost;
  }) {
    this.store = parts.store;
    this.sessions = parts.sessions;
    this.clock = parts.clock;
    this.passwordCost = parts.passwordCost;
    this.throttle = new LoginThrottle(parts.clock, parts.loginFailures);
  }

  /**
   * The first start makes an admin. A wanted one is made, or has its password changed, at any start: whoever has the
   * machine has the coordinator.
   * @returns the password where it was made up here: nobody can read it later
   */
  async ensure(wanted?: { name: string; password: string }): Promise<{ name: string; password: string | null }> {
    if (wanted) {
      const known = await this.store.operator(wanted.name);
      if (!known) await this.store.addOperator(await this.row(wanted.name, 'admin', wanted.password));
      else if (!(await isPassword(wanted.password, known.passwordHash))) {
        await this.setPassword(known.name, wanted.password);
      }
      if (known && known.role !== 'admin') await this.store.updateOperator(known.name, { role: 'admin' });
      return { name: wanted.name, password: null };
    }
    const [known] = (await this.store.operators()).filter(({ role }) => role === 'admin');
    if (known) return { name: known.name, password: null };
    const password = madeUp();
    await this.store.addOperator(await this.row('operator', 'admin', password));
    return { name: 'operator', password };
  }

  /** @throws ProtocolError `login-failed` | `rate-limited` */
  async login(name: string, password: string, from: { address: string; agent: string }): Promise<OpenedSession> {
    const row = await this.checked(name, password, from.address);
    return this.sessions.open(row, from);
  }

  /** @returns a new session: all those before have ended. @throws ProtocolError `login-failed` | `rate-limited` */
  async changePassword(
    name: string,
    change: { current: string; next: string },
    from: { address: string; agent: string },
  ): Promise<OpenedSession> {
    const row = await this.checked(name, change.current, from.address);
    await this.setPassword(name, change.next);
    return this.sessions.open(row, from);
  }

  async list(): Promise<OperatorAccount[]> {
    return (await this.store.operators()).map(viewOf);
  }

  /** Whether an attempt's name may be written down: what is no name may be a password in the wrong field. */
  async exists(name: string): Promise<boolean> {
    return (await this.store.operator(name)) !== null;
  }

  /** @returns with the password where it was made up here. @throws ProtocolError `conflict` */
  async add(wanted: {
    name: string;
    role: OperatorRole;
    password?: string | undefined;
  }): Promise<OperatorAccount & { password: string | null }> {
    const password = wanted.password ?? madeUp();
    const row = await this.row(wanted.name, wanted.role, password);
    if (!(await this.store.addOperator(row))) {
      throw new ProtocolError('conflict', `There is an operator "${wanted.name}" already.`);
    }
    return { ...viewOf(row), password: wanted.password === undefined ? password : null };
  }

  /** A new role or password ends the operator's sessions. @throws ProtocolError `not-found` | `conflict` */
  async change(
    name: string,
    change: { role?: OperatorRole | undefined; password?: string | undefined },
  ): Promise<OperatorAccount> {
    const { role, password } = change;
    const row = await this.assertExists(name);
    if (role !== undefined && role !== row.role) {
      await this.sessions.endAllOf(name, () =>
        this.changeKeepingAnAdmin(name, role, (store) => store.updateOperator(name, { role })),
      );
    }
    if (password !== undefined) await this.setPassword(name, password);
    return viewOf({ ...row, role: role ?? row.role });
  }

  /** Ends its sessions and revokes the keys that it made. @throws ProtocolError `not-found` | `conflict` */
  async remove(name: string): Promise<void> {
    await this.assertExists(name);
    await this.sessions.endAllOf(name, () =>
      this.changeKeepingAnAdmin(name, null, async (store) => {
        await store.revokeKeysOf(name, new Date(this.clock.now()));
        await store.removeOperator(name);
      }),
    );
  }

  private async checked(name: string, password: string, address: string): Promise<OperatorRow> {
    const retryAfterMs = this.throttle.attempt(name, address);
    if (retryAfterMs > 0) {
      throw new ProtocolError('rate-limited', 'Too many failed logins; try again in some minutes.', { retryAfterMs });
    }
    const row = await this.store.operator(name);
    this.decoy ??= hashPassword(randomBytes(16).toString('hex'), this.passwordCost);
    const isRight = await isPassword(password, row?.passwordHash ?? (await this.decoy));
    if (!row || !isRight) throw new ProtocolError('login-failed', 'Name or password is wrong.');
    this.throttle.succeeded(name, address);
    return row;
  }

  private async changeKeepingAnAdmin(
    name: string,
    role: OperatorRole | null,
    change: (store: AccessStore) => Promise<void>,
  ): Promise<void> {
    await this.store.transaction(async (store) => {
      const admins = (await store.operators()).filter((row) => row.role === 'admin');
      if (role !== 'admin' && admins.every((row) => row.name === name)) {
        throw new ProtocolError('conflict', `"${name}" is the only admin: somebody else must be one first.`);
      }
      await change(store);
    });
  }

  private async assertExists(name: string): Promise<OperatorRow> {
    const row = await this.store.operator(name);
    if (!row) throw new ProtocolError('not-found', `There is no operator "${name}".`);
    return row;
  }

  private async setPassword(name: string, password: string): Promise<void> {
    await this.store.updateOperator(name, { passwordHash: await hashPassword(password, this.passwordCost) });
    await this.sessions.endAllOf(name);
  }

  private async row(name: string, role: OperatorRole, password: string): Promise<OperatorRow> {
    return {
      name,
      role,
      passwordHash: await hashPassword(password, this.passwordCost),
      createdAt: new Date(this.clock.now()),
    };
  }
}

function madeUp(): string {
  return randomId(15);
}

function viewOf({ name, role, createdAt }: OperatorRow): OperatorAccount {
  return { name, role, createdAt: createdAt.toISOString() };
}
