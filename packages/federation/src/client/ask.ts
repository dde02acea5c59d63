import type { RequestName, RequestOf, ValueOf } from '@perfit/protocol';

/** Sends one request. @throws ProtocolError as it is refused, ConnectionLost */
export type Ask = <K extends RequestName>(name: K, message: RequestOf<K>) => Promise<ValueOf<K>>;
