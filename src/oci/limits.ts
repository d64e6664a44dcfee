// Every bound of the registry client, named once. Tests inject smaller ones.

export interface RegistryLimits {
  /** To open a connection, TLS handshake included. */
  readonly connectMs: number;
  /** From sending a request to the last byte of the answer's headers. */
  readonly headersMs: number;
  /** Between two chunks of a body. */
  readonly idleBodyMs: number;
  /** One request as a whole: a body that trickles ends here. */
  readonly requestMs: number;
  /** The pace at which a layer has to come, on top of `requestMs`. */
  readonly streamBytesPerSecond: number;

  /** Times that one request is sent at most. */
  readonly attempts: number;
  /** Back-off before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** A registry that asks to wait longer is given up at once. */
  readonly maxRetryAfterMs: number;
  /** Sum of all waits between the attempts of one request. */
  readonly maxWaitMs: number;

  readonly redirects: number;

  /** Requests under way at once per host: at the start, and at most. */
  readonly concurrency: number;
  readonly maxConcurrency: number;
  /** Sum of the pauses (`Retry-After`) that a host may impose on everybody without one good answer in between. */
  readonly maxPausedMs: number;

  readonly manifestBytes: number;
  /** Kept manifests, as a sum of their sizes. */
  readonly keptManifestBytes: number;
  readonly tokenBytes: number;
  /** Of a body that is read for its error code only. */
  readonly errorBytes: number;
  readonly referrersPages: number;
  readonly referrersEntries: number;
  /** Sum of the pages of one list. */
  readonly referrersBytes: number;

  readonly credentialFileBytes: number;
  readonly credentialHelperMs: number;
  readonly credentialHelperBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: RegistryLimits = {
  connectMs: 10_000,
  headersMs: 30_000,
  idleBodyMs: 30_000,
  requestMs: 120_000,
  streamBytesPerSecond: 256 * KIB,
  attempts: 5,
  backoffMs: 500,
  maxBackoffMs: 10_000,
  maxRetryAfterMs: 60_000,
  maxWaitMs: 120_000,
  redirects: 5,
  concurrency: 8,
  maxConcurrency: 64,
  maxPausedMs: 300_000,
  manifestBytes: 4 * MIB,
  keptManifestBytes: 32 * MIB,
  tokenBytes: 256 * KIB,
  errorBytes: 16 * KIB,
  referrersPages: 100,
  referrersEntries: 10_000,
  referrersBytes: 32 * MIB,
  credentialFileBytes: MIB,
  credentialHelperMs: 30_000,
  credentialHelperBytes: 256 * KIB,
};
