import { z } from 'zod';
import { federationConfigSchema, federationIdSchema } from '../federation-config.ts';

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** Shown to operators as text: bounded, without control characters. */
export const displayNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'may not contain control characters');

/** [HS1] client → server, first of all. */
export const helloSchema = z.object({
  protocol: z.number().int(),
  federation: federationIdSchema,
  /** [HS2] the client's ECDSA P-256 public key, SPKI. */
  publicKey: base64url.max(200),
  invite: z.string().max(200).optional(),
  /** Software and version, for the operator's eyes. */
  agent: z.string().max(200),
  /** [HS3] The program comes back by itself after a loss: it is not let in where an operator removed it meanwhile. */
  returning: z.boolean().optional(),
});
export const challengeSchema = z.object({ nonce: base64url.min(22).max(100) });

/** [HS2] client → server: the signature over `signedText(federation, nonce)`, IEEE P1363 form. */
export const proveSchema = z.object({ signature: base64url.max(200) });

/** What a client must know of a federation to take part. */
const federationDescriptorSchema = z.object({
  id: federationIdSchema,
  config: federationConfigSchema,
  /** Where the base model's files are, relative to the coordinator's origin; ends with a slash. */
  modelPath: z.string().max(300),
  /** The layout's hash and N: the client compares them with its own. */
  layout: z.object({ hash: sha256Schema, size: z.number().int().positive() }),
});
export type FederationDescriptor = z.infer<typeof federationDescriptorSchema>;

/** [HS3] What the server already has of this client. */
const standingSchema = z.object({
  /** The hash of the mask on file. */
  mask: sha256Schema.nullable(),
  /** The last round in which a submission of this client was accepted. */
  lastSubmission: z.number().int().positive().nullable(),
});

export const welcomeSchema = z.object({
  client: z.string().max(64),
  federation: federationDescriptorSchema,
  standing: standingSchema,
});
export type Welcome = z.infer<typeof welcomeSchema>;

/** What a person agreed to before they took part; the sentences themselves stay with them. */
export const consentSchema = z.object({
  /** SHA-256 of the sentences, one a line, in hex; `cli` where a program printed them to whoever started it. */
  version: z.string().regex(/^[0-9a-z]{1,64}$/),
  /** By the client's clock. */
  at: z.iso.datetime(),
});
export type Consent = z.infer<typeof consentSchema>;

/** client → server: the model is loaded, the text is there, rounds may come. */
export const readySchema = z.object({
  name: displayNameSchema,
  device: z.object({
    backend: z.enum(['webgpu', 'wasm', 'cpu']),
    /** For people: "Apple M2", "SwiftShader". */
    description: z.string().max(200),
    /** Measured when tuning a probe batch. */
    tokensPerSecond: z.number().nonnegative().optional(),
  }),
  examples: z.object({ training: z.number().int().positive(), heldOut: z.number().int().positive() }),
  /** [PF2] The most that this client wants to own, as a share of N. */
  maxDensity: z.number().gt(0).max(1).optional(),
  /** [PF8] Whether perplexities and losses may be reported. */
  shareEvaluation: z.boolean(),
  consent: consentSchema.optional(),
});
export type Ready = z.infer<typeof readySchema>;

/** [PF2] ρ_i. */
export const budgetSchema = z.object({ density: z.number().gt(0).max(1) });
