import type { Seat } from './seat.ts';

/** Who is connected to a federation, and what clients are called. */
export class Seats {
  private readonly seats = new Map<string, Seat>();
  /** Of clients that were here since the start, for the log. */
  private readonly names = new Map<string, string>();

  get(client: string): Seat | null {
    return this.seats.get(client) ?? null;
  }

  all(): Iterable<Seat> {
    return this.seats.values();
  }

  take(seat: Seat): void {
    this.names.set(seat.client, seat.name);
    this.seats.set(seat.client, seat);
  }

  free(client: string): void {
    this.seats.delete(client);
  }

  /** A client that is not here, as it was called. */
  note(client: string, name: string): void {
    this.names.set(client, name);
  }

  nameOf(client: string): string {
    return this.names.get(client) ?? client;
  }
}
