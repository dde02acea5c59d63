/** The connection broke, or was silent for too long, before the answer came. Whether the server acted is unknown. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}
