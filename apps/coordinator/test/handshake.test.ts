import {
  type ErrorCode,
  PROTOCOL_VERSION,
  ProtocolError,
  type RequestName,
  requests,
  signedText,
} from '@perfit/protocol';
import { ManualClock, newIdentity, readyMessage, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const clock = new ManualClock();
const coordinator = hostCoordinator({ clock, origins: ['https://tuning.example.org'] });

const refusal = (code: ErrorCode, message: RegExp) => ({
  ok: false,
  error: expect.objectContaining({ code, message: expect.stringMatching(message) }),
});

async function helloFrom(client: ScriptedClient, about: Record<string, unknown>) {
  const { publicKey } = client.identity;
  return client.reply('hello', { protocol: PROTOCOL_VERSION, publicKey, agent: 'test', ...about });
}

describe('the handshake', () => {
  it('[HS1] names both versions to a peer of another one', async () => {
    const { id } = await coordinator.createFederation(smallFederation);
    const client = await ScriptedClient.connect(coordinator.url);
    const reply = await helloFrom(client, { federation: id, protocol: PROTOCOL_VERSION + 6 });
    expect(reply).toEqual(refusal('protocol-version', new RegExp(`${PROTOCOL_VERSION + 6}.*${PROTOCOL_VERSION}`)));
    client.close();
  });

  it('[HS2] lets nobody in without an invite, with a wrong one, or with that of another federation', async () => {
    const { id } = await coordinator.createFederation(smallFederation);
    const other = await coordinator.createFederation(smallFederation);
    const client = await ScriptedClient.connect(coordinator.url);
    expect(await helloFrom(client, { federation: 'nowhere' })).toEqual(refusal('unknown-federation', /"nowhere"/));
    expect(await helloFrom(client, { federation: id })).toEqual(refusal('invite-required', /invite link/));
    expect(await helloFrom(client, { federation: id, invite: 'guess' })).toEqual(refusal('invite-invalid', /invite/));
    expect(await helloFrom(client, { federation: id, invite: other.invite })).toEqual(
      refusal('invite-invalid', /invite/),
    );
    client.close();
  });

  it('[HS2] asks for no invite where the federation is open, and counts those that are used', async () => {
    const open = await coordinator.createFederation({ ...smallFederation, access: 'open' });
    expect(open.invite).toBe(null);
    const guest = await ScriptedClient.connect(coordinator.url);
    await guest.shakeHands(open.id);
    const closed = await coordinator.createFederation(smallFederation);
    const first = await ScriptedClient.connect(coordinator.url);
    await first.shakeHands(closed.id, closed.invite);
    const second = await ScriptedClient.connect(coordinator.url);
    await second.shakeHands(closed.id, closed.invite);
    // A key that is known needs no invite, and uses none up.
    const again = await ScriptedClient.connect(coordinator.url, first.identity);
    await again.shakeHands(closed.id);
    expect((await coordinator.detail(closed.id)).invites).toMatchObject([{ code: closed.invite, uses: 2 }]);
    for (const client of [guest, first, second, again]) client.close();
  });

  it('[HS2] takes only a signature of the key over this challenge, once', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation);
    const client = await ScriptedClient.connect(coordinator.url);
    expect(await client.reply('prove', { signature: 'AAAA' })).toEqual(refusal('not-joined', /Hello/));
    const { nonce } = await client.ask('hello', {
      protocol: PROTOCOL_VERSION,
      federation: id,
      publicKey: client.identity.publicKey,
      agent: 'test',
      ...(invite ? { invite } : {}),
    });
    const stranger = await newIdentity();
    const signature = await stranger.sign(signedText(id, nonce));
    expect(await client.reply('prove', { signature })).toEqual(refusal('signature-invalid', /signature/));
    const right = await client.identity.sign(signedText(id, nonce));
    expect(await client.reply('prove', { signature: right })).toEqual(refusal('not-joined', /Hello/));
    await client.shakeHands(id, invite);
    client.close();
  });

  it('[HS3] the same key replaces its old connection, and finds what is on file', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const old = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    expect(old.welcome?.standing).toEqual({ mask: null, lastSubmission: null });
    const other = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    await old.hear('offer');
    const { mask, values } = old.draw(1);
    await old.sendMask(mask);
    await old.sendDelta(mask, values);
    const now = await ScriptedClient.join(coordinator.url, { federation: id }, old.identity);
    await old.hear('replaced');
    await old.gone();
    expect(now.welcome?.standing).toEqual({ mask: expect.stringMatching(/^[0-9a-f]{64}$/), lastSubmission: 1 });
    expect(now.welcome?.client).toBe(old.welcome?.client);
    const { clients } = await coordinator.detail(id);
    expect(clients.filter((client) => client.connected)).toHaveLength(2);
    now.close();
    other.close();
  });

  it('notes in the log what a client agreed to, once for each time', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const consents = async () =>
      (await coordinator.detail(id)).events.filter(({ kind }) => kind === 'client-consented').map(({ text }) => text);
    const silent = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    expect(await consents()).toEqual([]);
    const consent = { version: 'c0ffee'.padEnd(64, '0'), at: '2026-11-23T04:00:00.000Z' };
    const first = await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { consent } });
    await first.ask('ready', { ...readyMessage, consent });
    const again = await ScriptedClient.join(coordinator.url, { federation: id, ready: { consent } }, first.identity);
    const agreed = 'Ada agreed to take part at 2026-11-23T04:00:00.000Z (wording c0ffee00), and shares';
    expect(await consents()).toEqual([`${agreed} losses and perplexities.`]);
    const later = { version: 'cli', at: '2026-11-24T04:00:00.000Z' };
    await again.ask('ready', { ...readyMessage, shareEvaluation: false, consent: later });
    expect((await consents()).at(-1)).toMatch(/\(wording cli\), and shares no losses and perplexities\.$/);
    expect(await consents()).toHaveLength(2);
    expect(await again.reply('ready', { ...readyMessage, consent: { ...later, version: 'a b' } })).toEqual(
      refusal('bad-message', /consent.version/),
    );
    silent.close();
    again.close();
  });

  it('refuses whoever has not joined, and whoever is not ready', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const client = await ScriptedClient.connect(coordinator.url);
    expect(await client.reply('ready', readyMessage)).toEqual(refusal('not-joined', /joined/));
    const announce = { kind: 'mask', round: 1, bytes: 10, sha256: '0'.repeat(64) };
    expect(await client.reply('announce', announce)).toEqual(refusal('not-joined', /joined/));
    expect(await client.reply('download', { what: 'theta', version: 0, offset: 0 })).toEqual(
      refusal('not-joined', /joined/),
    );
    await client.shakeHands(id, invite);
    expect(await client.reply('announce', announce)).toEqual(refusal('not-in-round', /ready/));
    client.close();
  });

  it('a federation that is over takes nobody new, and tells those who come back', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    client.close();
    await coordinator.act(id, 'stop');
    const stranger = await ScriptedClient.connect(coordinator.url);
    expect(await helloFrom(stranger, { federation: id, invite })).toEqual(refusal('federation-ended', /stopped/));
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, client.identity);
    expect(await back.hear('status')).toMatchObject({ state: 'stopped', reason: expect.stringContaining('operator') });
    back.close();
    stranger.close();
  });

  it('sends away who connects and never joins', async () => {
    const silent = await ScriptedClient.connect(coordinator.url);
    clock.advance(30_000);
    await silent.gone();
  });
});

describe('whatever is sent', () => {
  it('is answered with `bad-message` where it is malformed, and throws nowhere', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const names = Object.keys(requests).filter((name) => name !== 'leave') as RequestName[];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, message) => {
        const reply = await client.reply(name, message);
        expect(reply).toEqual(refusal('bad-message', new RegExp(`"${name}"`)));
      }),
      { numRuns: 60 },
    );
    // And the connection is as good as before.
    expect(await client.reply('ready', readyMessage)).toMatchObject({ ok: true });
    client.close();
  });

  it('a name is text, bounded, without control characters', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    for (const name of ['', ' ', 'a'.repeat(61), 'bell\u0007', 'right\u202Eleft']) {
      expect(await client.reply('ready', { ...readyMessage, name })).toEqual(refusal('bad-message', /at name/));
    }
    await client.ask('ready', { ...readyMessage, name: '<script>alert(1)</script>' });
    expect((await coordinator.detail(id)).clients).toMatchObject([{ name: '<script>alert(1)</script>' }]);
    client.close();
  });

  it('a flood is answered with `rate-limited`', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const replies = await Promise.all(Array.from({ length: 700 }, () => client.reply('complete', { upload: 'none' })));
    const codes = new Set(replies.map((reply) => (reply.ok ? 'ok' : reply.error.code)));
    expect([...codes].sort()).toEqual(['rate-limited', 'upload-unknown']);
    client.close();
  });

  it('pages of other origins cannot connect; those of ours, of listed ones, and programs can', async () => {
    const { port } = coordinator;
    for (const origin of [
      'https://evil.example',
      `http://127.0.0.1:${port + 1}`,
      'null',
      'https://tuning.example.org:8443',
    ]) {
      await expect(ScriptedClient.connect(coordinator.url, undefined, { origin })).rejects.toThrow();
    }
    for (const origin of [`http://127.0.0.1:${port}`, 'https://tuning.example.org']) {
      (await ScriptedClient.connect(coordinator.url, undefined, { origin })).close();
    }
    // A domain that points here is not enough (DNS rebinding).
    const rebound = { origin: `http://rebound.example:${port}`, host: `rebound.example:${port}` };
    await expect(ScriptedClient.connect(coordinator.url, undefined, rebound)).rejects.toThrow();
  });

  it('a frame that is too large ends the connection, not the coordinator', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const client = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    client.socket.emit('chunk', { upload: 'x', offset: 0, data: new Uint8Array(1 << 20) }, () => {});
    await client.gone();
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, client.identity);
    expect(back.welcome?.client).toBe(client.id);
    back.close();
  });
});

it('a refusal is a ProtocolError for whoever asks', async () => {
  const client = await ScriptedClient.connect(coordinator.url);
  await expect(client.ask('leave', {})).rejects.toThrow(ProtocolError);
  client.close();
});
