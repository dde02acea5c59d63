import {
  decodeMask,
  downDtype,
  encodeValues,
  type FederationConfig,
  maskHash,
  ProtocolError,
  sha256Hex,
} from '@perfit/protocol';
import { initialTheta, type Layout, Mask } from '@perfit/protocol/space';
import type { GlobalState, Moments } from '../aggregation/aggregation.ts';
import { assertHasOwners } from '../aggregation/owner-counts.ts';
import { LeastRecentlyUsed } from './least-recently-used.ts';
import type { Blobs } from './ports.ts';
import type { FederationStore, VersionBlobs } from './store.ts';
import { thetaFromBytes, thetaToBytes } from './theta-bytes.ts';

export interface Payload {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** [PF3] [PF7] What of a version is sent: all of theta_g, what one mask owns of it, or the shares of owners. */
export type Wanted = 'theta' | 'owners' | { readonly mask: Mask; readonly hash: string };

const MASK_CACHE_BYTES = 64 << 20;
const THETA_CACHE_BYTES = 256 << 20;
const PAYLOAD_CACHE_BYTES = 256 << 20;

/** What a federation's adapters are about. */
export interface AdapterSpace {
  readonly federation: string;
  readonly config: FederationConfig;
  readonly layout: Layout;
  readonly layoutHash: string;
}

/** Versions of theta_g and masks, read from blobs when they are asked for; what was used last stays in memory. */
export class Adapters {
  private readonly blobs: Blobs;
  private readonly store: FederationStore;
  private readonly thetas = new LeastRecentlyUsed<Promise<Float32Array>>(THETA_CACHE_BYTES);
  private readonly masks = new LeastRecentlyUsed<Mask>(MASK_CACHE_BYTES);
  private readonly payloads = new LeastRecentlyUsed<Promise<Payload>>(PAYLOAD_CACHE_BYTES);

  constructor(blobs: Blobs, store: FederationStore) {
    this.blobs = blobs;
    this.store = store;
  }

  /** theta_g at a version, read once for all who ask; version 0 is θ⁰ (PF1). Not to be written to. @returns [N] */
  theta(space: AdapterSpace, version: number): Promise<Float32Array> {
    const key = keyOf(space, version);
    const known = this.thetas.get(key);
    if (known) return known;
    const theta =
      version === 0 ? Promise.resolve(initialTheta(space.layout, space.config.seed)) : this.read(space, version);
    this.thetas.set(key, theta, 4 * space.layout.size);
    theta.catch(() => this.thetas.delete(key));
    return theta;
  }

  /** What has just been committed need not be read again: everybody asks for it next. */
  prime(space: AdapterSpace, version: number, { theta }: GlobalState): void {
    this.thetas.set(keyOf(space, version), Promise.resolve(theta), theta.byteLength);
  }

  /** Everything of a version. Not to be written to. */
  async global(space: AdapterSpace, version: number): Promise<GlobalState> {
    return {
      theta: await this.theta(space, version),
      moments: await this.moments(space, version),
      owners: await this.owners(space, version),
    };
  }

  /** [RD3] @returns the blobs' hashes, when they are on disk */
  async keep({ theta, moments, owners }: GlobalState): Promise<VersionBlobs> {
    const momentsBlob = moments === null ? null : await this.blobs.put(momentsToBytes(moments));
    const ownersBlob = owners === null ? null : await this.blobs.put(thetaToBytes(owners));
    return { blob: await this.blobs.put(thetaToBytes(theta)), momentsBlob, ownersBlob };
  }

  async keepMask(encoded: Uint8Array): Promise<string> {
    return this.blobs.put(encoded);
  }

  async mask(space: AdapterSpace, blob: string): Promise<Mask> {
    const known = this.masks.get(blob);
    if (known) return known;
    const mask = await decodeMask(await this.blobs.get(blob), {
      layoutHash: space.layoutHash,
      size: space.layout.size,
    });
    this.masks.set(blob, mask, mask.bytes.length);
    return mask;
  }

  /** In DC2 form. @throws ProtocolError `download-range` where the version, or its shares of owners, do not exist */
  async payload(space: AdapterSpace, version: number, wanted: Wanted): Promise<Payload> {
    const key = `${space.federation}/${version}/${typeof wanted === 'string' ? wanted : wanted.hash}`;
    const known = this.payloads.get(key);
    if (known) return known;
    const payload = this.pack(space, version, wanted);
    const count = typeof wanted === 'string' ? space.layout.size : wanted.mask.kept;
    this.payloads.set(key, payload, 4 * count);
    payload.catch(() => this.payloads.delete(key));
    return payload;
  }

  private async pack(space: AdapterSpace, version: number, wanted: Wanted): Promise<Payload> {
    const values = await this.values(space, version, wanted);
    const bytes = encodeValues(values, downDtype(space.config.wire), {
      layoutHash: space.layoutHash,
      maskHash: typeof wanted === 'string' ? await maskHash(Mask.full(space.layout.size)) : wanted.hash,
    });
    return { bytes, sha256: await sha256Hex(bytes) };
  }

  /** @returns [N], or where a mask is wanted [mask.kept] */
  private async values(space: AdapterSpace, version: number, wanted: Wanted): Promise<Float32Array> {
    if (wanted === 'owners') return assertHasOwners(await this.owners(space, version), version);
    const theta = await this.theta(space, version);
    return wanted === 'theta' ? theta : wanted.mask.pack(theta);
  }

  private async read(space: AdapterSpace, version: number): Promise<Float32Array> {
    const { blob } = await this.blobsOf(space, version);
    return thetaFromBytes(await this.blobs.get(blob));
  }

  private async moments(space: AdapterSpace, version: number): Promise<Moments | null> {
    if (version === 0) return null;
    const { momentsBlob } = await this.blobsOf(space, version);
    return momentsBlob === null ? null : momentsFromBytes(await this.blobs.get(momentsBlob), space.layout.size);
  }

  private async owners(space: AdapterSpace, version: number): Promise<Float32Array | null> {
    if (version === 0) return null;
    const { ownersBlob } = await this.blobsOf(space, version);
    return ownersBlob === null ? null : thetaFromBytes(await this.blobs.get(ownersBlob));
  }

  private async blobsOf(space: AdapterSpace, version: number): Promise<VersionBlobs> {
    const blobs = await this.store.versionBlobs(space.federation, version);
    if (!blobs) throw new ProtocolError('download-range', `There is no version ${version} of the adapter.`);
    return blobs;
  }
}

function keyOf({ federation }: AdapterSpace, version: number): string {
  return `${federation}/${version}`;
}

/** The first moments and then, where there are some, the second ones. */
function momentsToBytes({ first, second }: Moments): Uint8Array {
  if (!second) return thetaToBytes(first);
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return thetaToBytes(both);
}

function momentsFromBytes(bytes: Uint8Array, size: number): Moments {
  const values = thetaFromBytes(bytes);
  return { first: values.slice(0, size), second: values.length > size ? values.slice(size) : null };
}
