import { aggregate } from '@perfit/federation';
import { type ErrorCode, encodeValues, maskHash, type RequestOf, sha256Hex } from '@perfit/protocol';
import { initialTheta, Mask } from '@perfit/protocol/space';
import { ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import { describe, expect, it } from 'vitest';

const coordinator = hostCoordinator({ limits: { uploads: 8 } });

/** Two clients in the first round, the first of them with a mask on file. */
async function inRound(config: Partial<typeof smallFederation> = {}) {
  const { id, invite } = await coordinator.createFederation({ ...smallFederation, ...config }, { start: true });
  const a = await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Ada' } });
  const b = await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Bob' } });
  await a.hear('offer');
  await b.hear('offer');
  const drawn = a.draw(1);
  await a.sendMask(drawn.mask);
  return { id, a, b, ...drawn };
}

const refused = (code: ErrorCode, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** Whatever was refused before: the round goes on, and its result is that of the good submissions alone. */
async function expectRoundUnharmed({ id, a, b, mask, values }: Awaited<ReturnType<typeof inRound>>) {
  await a.sendDelta(mask, values);
  const other = b.draw(2);
  await b.sendMask(other.mask);
  await b.sendDelta(other.mask, other.values);
  await a.hear('closed');
  const expected = aggregate(initialTheta(a.layout, 1), [
    { mask, delta: values, weight: 50 },
    { mask: other.mask, delta: other.values, weight: 50 },
  ]);
  expect(await coordinator.globalTheta(id)).toEqual(expected);
  a.close();
  b.close();
}

describe('a bad delta is refused with a sentence, and the round is unharmed', () => {
  it('[UP3] one with a NaN or an infinity', async () => {
    const stage = await inRound();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = stage.values.slice();
      values[7] = bad;
      await expect(stage.a.sendDelta(stage.mask, values)).rejects.toEqual(
        refused('delta-not-finite', new RegExp(`Value 7 .* ${bad}`)),
      );
    }
    await expectRoundUnharmed(stage);
  });

  it('[UP3] one whose norm is above the bound', async () => {
    const stage = await inRound();
    const values = stage.values.map((value) => value * 1e4);
    await expect(stage.a.sendDelta(stage.mask, values)).rejects.toEqual(refused('delta-norm', /at most 100/));
    await expectRoundUnharmed(stage);
  });

  it('[UP1] one of a wrong size, before a byte has come', async () => {
    const stage = await inRound();
    const { a, mask, values } = stage;
    const bytes = await a.deltaBytes(mask, values);
    const announce = await a.announceOf(bytes);
    for (const wrong of [bytes.length - 1, bytes.length + 1, 1e12]) {
      await expect(a.ask('announce', { ...announce, bytes: wrong })).rejects.toEqual(
        refused('upload-size', new RegExp(`${bytes.length} bytes`)),
      );
    }
    await expectRoundUnharmed(stage);
  });

  it('[UP1] [UP3] one in int8 of a wrong size before its bytes, and one with a NaN or an infinity', async () => {
    const { a, b, mask, values } = await inRound({ wire: { dtype: 'int8' } });
    const bytes = await a.deltaBytes(mask, values);
    const announce = await a.announceOf(bytes);
    for (const wrong of [bytes.length - 1, bytes.length + 4, 76 + 2 * mask.kept, 76 + 4 * mask.kept]) {
      await expect(a.ask('announce', { ...announce, bytes: wrong })).rejects.toEqual(
        refused('upload-size', new RegExp(`${bytes.length} bytes in int8`)),
      );
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(a.sendDelta(mask, values.with(7, bad))).rejects.toEqual(refused('delta-not-finite', /NaN/));
    }
    expect(await a.sendDelta(mask, values)).toMatchObject({ kind: 'delta', bytes: bytes.length });
    a.close();
    b.close();
  });

  it('[DC2] one of another layout, of another mask, of another precision, or of no format at all', async () => {
    const stage = await inRound();
    const { a, mask, values } = stage;
    const layoutHash = a.welcome?.federation.layout.hash as string;
    const right = { layoutHash, maskHash: await maskHash(mask) };
    const send = async (bytes: Uint8Array) => a.upload(await a.announceOf(bytes), bytes);
    const otherLayout = encodeValues(values, 'f32', { ...right, layoutHash: '1'.repeat(64) });
    await expect(send(otherLayout)).rejects.toEqual(refused('codec-layout', /layout/));
    const otherMask = encodeValues(values, 'f32', { ...right, maskHash: '2'.repeat(64) });
    await expect(send(otherMask)).rejects.toEqual(refused('codec-mask', /mask/));
    const length = otherMask.length;
    const noise = Uint8Array.from({ length }, (_, i) => (i * 37) & 0xff);
    await expect(send(noise)).rejects.toEqual(refused('codec-magic', /PFDL/));
    const doubled = encodeValues(new Float32Array(2 * values.length), 'f16', right);
    expect(doubled).toHaveLength(length);
    await expect(send(doubled)).rejects.toEqual(refused('codec-dtype', /f16/));
    await expectRoundUnharmed(stage);
  });

  it('[UP2] one that is not what was announced', async () => {
    const stage = await inRound();
    const { a, mask, values } = stage;
    const announce = await a.announceOf(await a.deltaBytes(mask, values));
    const other = await a.deltaBytes(
      mask,
      values.map((value) => -value),
    );
    await expect(a.upload(announce, other)).rejects.toEqual(refused('upload-hash', /SHA-256/));
    await expectRoundUnharmed(stage);
  });

  it('[PF6] one whose report names more examples than its client has', async () => {
    const stage = await inRound();
    const report = { examples: 51 };
    await expect(stage.a.sendDelta(stage.mask, stage.values, { report })).rejects.toEqual(
      refused('delta-examples', /51 examples.* 50/),
    );
    await expectRoundUnharmed(stage);
  });

  it('[UP4] one that is sent twice is counted once, and answered as the first time', async () => {
    const stage = await inRound();
    const { a, mask, values } = stage;
    const first = await a.sendDelta(mask, values);
    expect(await a.sendDelta(mask, values)).toEqual(first);
    // Another content changes nothing: the first one counts.
    expect(
      await a.sendDelta(
        mask,
        values.map((value) => value / 2),
      ),
    ).toEqual(first);
    await expectRoundUnharmed(stage);
  });

  it('[UP4] two uploads of one client at the same time count once', async () => {
    const stage = await inRound();
    const { a, mask, values } = stage;
    const bytes = await a.deltaBytes(mask, values);
    const announce = await a.announceOf(bytes);
    const answer = await a.ask('announce', announce);
    if (answer.state !== 'send') throw new Error('nothing was sent yet');
    await a.ask('chunk', { upload: answer.upload, offset: 0, data: bytes });
    const [first, second] = await Promise.all([
      a.ask('complete', { upload: answer.upload }),
      a.ask('complete', { upload: answer.upload }),
    ]);
    expect(first).toEqual(second);
    await expectRoundUnharmed(stage);
  });

  it('[UP5] one that comes late, or too early', async () => {
    const stage = await inRound();
    const { id, a, b, mask, values } = stage;
    const late = await ScriptedClient.join(coordinator.url, {
      federation: id,
      invite: (await coordinator.detail(id)).invites[0]?.code,
    });
    await late.hear('offer');
    await late.sendMask(mask);
    await expect(late.sendDelta(mask, values, { round: 2 })).rejects.toEqual(refused('round-unknown', /Round 2/));
    await expect(late.sendDelta(mask, values, { attempt: 2 })).rejects.toEqual(refused('round-unknown', /attempt 2/));
    await a.sendDelta(mask, values);
    await b.sendMask(mask);
    await b.sendDelta(mask, values);
    await late.hear('closed');
    await expect(late.sendDelta(mask, values)).rejects.toEqual(refused('round-closed', /Round 1 has closed.*late/));
    await expect(late.sendMask(Mask.empty(mask.size))).rejects.toEqual(refused('round-closed', /Round 1/));
    for (const client of [a, b, late]) client.close();
  });

  it('[UP5] one whose bytes were under way when the round closed', async () => {
    const stage = await inRound();
    const { id, a, b, mask, values } = stage;
    const late = await ScriptedClient.join(coordinator.url, {
      federation: id,
      invite: (await coordinator.detail(id)).invites[0]?.code,
    });
    await late.sendMask(mask);
    const bytes = await late.deltaBytes(mask, values);
    const answer = await late.ask('announce', await late.announceOf(bytes));
    if (answer.state !== 'send') throw new Error('nothing was sent yet');
    await late.ask('chunk', { upload: answer.upload, offset: 0, data: bytes });
    await a.sendDelta(mask, values);
    await b.sendMask(mask);
    await b.sendDelta(mask, values);
    await late.hear('closed');
    await expect(late.ask('complete', { upload: answer.upload })).rejects.toEqual(
      expect.objectContaining({ code: expect.stringMatching(/^(round-closed|upload-unknown)$/) }),
    );
    await expect(late.ask('announce', await late.announceOf(bytes))).rejects.toEqual(refused('round-closed', /late/));
    for (const client of [a, b, late]) client.close();
  });
});

describe('masks', () => {
  it('a delta without a mask on file is refused', async () => {
    const stage = await inRound();
    const { b, mask, values } = stage;
    await expect(b.sendDelta(mask, values)).rejects.toEqual(refused('mask-missing', /mask/));
    await expectRoundUnharmed(stage);
  });

  it('[PF2] a mask above the budget is refused; the budget is the smaller of the federation’s and the client’s', async () => {
    const stage = await inRound();
    const { a, b } = stage;
    await expect(b.sendMask(Mask.full(a.layout.size))).rejects.toEqual(refused('mask-density', /144 of 144/));
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const modest = await ScriptedClient.connect(coordinator.url);
    await modest.shakeHands(id, invite);
    const { density } = await modest.ask('ready', {
      name: 'M',
      device: { backend: 'cpu', description: '' },
      examples: { training: 5, heldOut: 5 },
      maxDensity: 0.25,
      shareEvaluation: false,
    });
    expect(density).toBe(0.25);
    await expect(modest.sendMask(modest.draw(1).mask)).rejects.toEqual(refused('mask-density', /72 of 144/));
    await modest.sendMask(Mask.from(144, (p) => p % 4 === 0));
    modest.close();
    await expectRoundUnharmed(stage);
  });

  it('[DC1] a mask of another layout, too long, or broken is refused', async () => {
    const stage = await inRound();
    const { b, mask } = stage;
    const send = async (bytes: Uint8Array) =>
      b.upload({ kind: 'mask', round: 1, bytes: bytes.length, sha256: await sha256Hex(bytes) }, bytes);
    const right = await b.maskBytes(mask);
    const otherLayout = right.slice();
    otherLayout[20] = (otherLayout[20] as number) ^ 1;
    await expect(send(otherLayout)).rejects.toEqual(refused('codec-layout', /layout/));
    await expect(send(right.subarray(0, 50))).rejects.toEqual(
      expect.objectContaining({ code: expect.stringMatching(/^codec-/) }),
    );
    await expect(send(new Uint8Array(100_000))).rejects.toEqual(refused('upload-size', /at most/));
    await expectRoundUnharmed(stage);
  });

  it('[UP4] a mask that is on file already is not sent again', async () => {
    const stage = await inRound();
    const { a, mask } = stage;
    const bytes = await a.maskBytes(mask);
    const announce: RequestOf<'announce'> = {
      kind: 'mask',
      round: 1,
      bytes: bytes.length,
      sha256: await sha256Hex(bytes),
    };
    expect(await a.ask('announce', announce)).toMatchObject({ state: 'done', receipt: { kind: 'mask', round: 1 } });
    await expectRoundUnharmed(stage);
  });
});

describe('chunks', () => {
  const begin = async (stage: Awaited<ReturnType<typeof inRound>>) => {
    const bytes = await stage.a.deltaBytes(stage.mask, stage.values);
    const announce = await stage.a.announceOf(bytes);
    const answer = await stage.a.ask('announce', announce);
    if (answer.state !== 'send') throw new Error('nothing was sent yet');
    return { bytes, announce, upload: answer.upload };
  };

  it('[UP2] come in order: the answer says where to go on', async () => {
    const stage = await inRound();
    const { bytes, upload } = await begin(stage);
    const chunk = (offset: number, end: number) =>
      stage.a.ask('chunk', { upload, offset, data: bytes.subarray(offset, end) });
    expect(await chunk(0, 100)).toEqual({ offset: 100 });
    await expect(chunk(200, 300)).rejects.toMatchObject({ code: 'upload-offset', data: { offset: 100 } });
    // A chunk whose answer was lost comes again.
    expect(await chunk(0, 100)).toEqual({ offset: 100 });
    await expect(stage.a.ask('complete', { upload })).rejects.toMatchObject({
      code: 'upload-offset',
      data: { offset: 100 },
    });
    await expect(stage.a.ask('chunk', { upload, offset: 100, data: new Uint8Array(bytes.length) })).rejects.toEqual(
      refused('upload-size', /behind/),
    );
    await expect(stage.a.ask('chunk', { upload, offset: 100, data: new Uint8Array(0) })).rejects.toEqual(
      refused('upload-size', /1 to/),
    );
    await expectRoundUnharmed(stage);
  });

  it('[UP2] go on where they were after the connection was lost', async () => {
    const stage = await inRound();
    const { bytes, announce, upload } = await begin(stage);
    await stage.a.ask('chunk', { upload, offset: 0, data: bytes.subarray(0, 150) });
    stage.a.close();
    const back = await ScriptedClient.join(coordinator.url, { federation: stage.id }, stage.a.identity);
    expect(await back.hear('offer')).toMatchObject({ round: 1, attempt: 1 });
    expect(await back.ask('announce', announce)).toEqual({ state: 'send', upload, offset: 150 });
    await expectRoundUnharmed({ ...stage, a: back });
  });

  it('are nobody else’s', async () => {
    const stage = await inRound();
    const { bytes, upload } = await begin(stage);
    await expect(stage.b.ask('chunk', { upload, offset: 0, data: bytes })).rejects.toEqual(
      refused('upload-unknown', /no such upload/),
    );
    await expectRoundUnharmed(stage);
  });

  it('too many uploads at once are asked to wait', async () => {
    const { id, invite } = await coordinator.createFederation(
      { ...smallFederation, schedule: { ...smallFederation.schedule, recruit: 10, goal: 10 } },
      { start: true },
    );
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => ScriptedClient.join(coordinator.url, { federation: id, invite })),
    );
    const announce = { kind: 'mask', round: 1, bytes: 50, sha256: '0'.repeat(64) } as const;
    const replies = await Promise.all(clients.map((client) => client.reply('announce', announce)));
    const codes = replies.map((reply) => (reply.ok ? 'ok' : reply.error.code));
    expect(codes.filter((code) => code === 'ok')).toHaveLength(8);
    expect(codes.filter((code) => code === 'upload-busy')).toHaveLength(2);
    for (const client of clients) client.close();
  });
});
