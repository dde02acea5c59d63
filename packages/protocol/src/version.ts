/** [HS1] Peers speak this version or part with `protocol-version`. Raised where an old peer could misread a message. */
export const PROTOCOL_VERSION = 1;

/** [UP2] The most bytes that one chunk of an upload or a download carries. */
export const MAX_CHUNK_BYTES = 256 * 1024;
