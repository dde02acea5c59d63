import { PROTOCOL_VERSION, signedText } from '@perfit/protocol';
import { scriptedTuner } from '@perfit/testkit';
import { describe, expect, it } from 'vitest';
import { layoutOf, runClient } from '../src/index.ts';
import { FEDERATION } from './coordinator-stage.ts';
import { collect, configOf, dimensions, setting } from './staged-client.ts';

describe('coming in', () => {
  it('says with every ready what the person agreed to, and nothing where nobody was asked', async () => {
    const consent = { version: 'c0ffee', at: '2026-11-23T04:00:00.000Z' };
    for (const agreed of [{ consent }, {}]) {
      const { coordinator, options } = await setting();
      await collect(options(agreed));
      const readies = coordinator.sent('ready');
      expect(readies.length).toBeGreaterThan(0);
      for (const ready of readies) expect(ready.consent).toEqual(agreed.consent);
    }
  });

  it('[HS1] joins although the coordinator has its own trouble at every stage', async () => {
    const { coordinator, options } = await setting();
    const troubled = new Set<string>();
    coordinator.fate = ({ name }) => {
      if (!['hello', 'prove', 'ready'].includes(name) || troubled.has(name)) return 'arrives';
      troubled.add(name);
      return { refuse: 'storage-failed' };
    };
    const events = await collect(options());
    expect(events.at(-1)?.type).toBe('finished');
    const names = coordinator.requests.slice(0, 7).map(({ name }) => name);
    expect(names).toEqual(['hello', 'hello', 'prove', 'hello', 'prove', 'ready', 'ready']);
  });

  it('[HS2] throws what keeps it out, and hangs up', async () => {
    const { coordinator, options } = await setting(configOf({ access: 'invite' }));
    await coordinator.store.addInvite({
      code: 'come-in',
      federation: FEDERATION,
      id: 'an-invite',
      label: null,
      uses: 0,
      maxUses: 1,
      createdAt: new Date(0),
      expiresAt: null,
      revokedAt: null,
    });
    for (const [reason, code] of [
      [{}, 'invite-required'],
      [{ invite: 'let-me-in' }, 'invite-invalid'],
      [{ invite: 'come-in', federation: 'another' }, 'unknown-federation'],
    ] as const) {
      const connection = coordinator.connection();
      await expect(collect(options({ connection, ...reason }))).rejects.toMatchObject({ code });
      expect(connection.isClosed).toBe(true);
    }
    expect((await collect(options({ invite: 'come-in' }))).at(-1)?.type).toBe('finished');
  });

  it('[PF1] does not take part with another layout than the federation has', async () => {
    const { options, coordinator } = await setting();
    const other = layoutOf(configOf({ lora: { rank: 3 } }), dimensions);
    const connection = coordinator.connection();
    const joining = collect(options({ connection, tuner: async () => scriptedTuner(other, 1) }));
    await expect(joining).rejects.toMatchObject({ code: 'codec-layout' });
    expect(connection.isClosed).toBe(true);
    expect(coordinator.sent('ready')).toEqual([]);
  });

  it('[HS3] waits longer after every failure, up to half a minute, and not the same as others', async () => {
    const { coordinator, options, clock } = await setting();
    const connection = coordinator.connection();
    connection.refusals = 10;
    await collect(options({ connection }));
    expect(clock.slept.length).toBe(10);
    clock.slept.forEach((wait, i) => {
      const longest = Math.min(30_000, 500 * 2 ** i);
      expect(wait).toBeGreaterThanOrEqual(longest / 2);
      expect(wait).toBeLessThanOrEqual(longest);
    });
    expect(new Set(clock.slept.slice(6)).size).toBe(4);
  });

  it('throws what the loading of the model threw', async () => {
    const { options, coordinator } = await setting();
    const connection = coordinator.connection();
    const tuner = async () => {
      throw new Error('no such file');
    };
    await expect(collect(options({ connection, tuner }))).rejects.toThrow('no such file');
    expect(connection.isClosed).toBe(true);
  });
});

describe('leaving', () => {
  it('[HS3] a key that comes back elsewhere ends this client as replaced', async () => {
    const { coordinator, identity, options, tuner } = await setting();
    const elsewhere = coordinator.connection();
    let isOther = false;
    tuner.onStep = async () => {
      if (isOther) return;
      isOther = true;
      const { publicKey } = identity;
      elsewhere.connect();
      const hello = { protocol: PROTOCOL_VERSION, federation: FEDERATION, publicKey, agent: 'elsewhere' };
      const { nonce } = await elsewhere.request('hello', hello);
      await elsewhere.request('prove', { signature: await identity.sign(signedText(FEDERATION, nonce)) });
    };
    const events = await collect(options());
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'replaced' });
    expect(await coordinator.submissions()).toEqual([]);
    // It does not come back by itself.
    expect(coordinator.sent('hello').map(({ agent }) => agent)).toEqual(['test', 'elsewhere']);
  });

  it('[HS3c] who is removed stays away, also where the connection was lost just then', async () => {
    for (const isAway of [false, true]) {
      const { coordinator, options, tuner } = await setting();
      const connection = coordinator.connection();
      tuner.onStep = async (step) => {
        if (step !== 2) return;
        if (isAway) connection.lose();
        await coordinator.removeAll();
      };
      const events = await collect(options({ connection }));
      expect(events.at(-1)).toEqual({ type: 'left', reason: 'removed' });
      expect(connection.isClosed).toBe(true);
      expect(coordinator.sent('hello').map(({ returning }) => returning)).toEqual(
        isAway ? [undefined, true] : [undefined],
      );
      expect(await coordinator.submissions()).toEqual([]);
      expect(coordinator.sent('leave')).toEqual([]);
    }
  });

  it('leaves when asked, in the middle of a step too, and says so', async () => {
    const { coordinator, options, tuner } = await setting();
    const leaving = new AbortController();
    tuner.onStep = (step) => {
      if (step === 2) leaving.abort();
    };
    const connection = coordinator.connection();
    const events = await collect(options({ connection, signal: leaving.signal }));
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'asked' });
    expect(coordinator.requests.at(-1)?.name).toBe('leave');
    expect(connection.isClosed).toBe(true);
    expect(await coordinator.submissions()).toEqual([]);
  });

  it('leaves while the model is still loading', async () => {
    const { coordinator, options } = await setting();
    const leaving = new AbortController();
    const connection = coordinator.connection();
    const tuner = () => {
      leaving.abort();
      return new Promise<never>(() => {});
    };
    const events = await collect(options({ connection, tuner, signal: leaving.signal }));
    expect(events.at(-1)).toEqual({ type: 'left', reason: 'asked' });
    expect(connection.isClosed).toBe(true);
  });

  it('stops when nobody listens any more', async () => {
    const { coordinator, options } = await setting();
    const connection = coordinator.connection();
    for await (const event of runClient(options({ connection }))) if (event.type === 'tuning') break;
    expect(connection.isClosed).toBe(true);
    expect(await coordinator.submissions()).toEqual([]);
  });
});
