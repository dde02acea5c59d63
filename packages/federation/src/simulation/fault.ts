/** What goes wrong for one client in the first attempt of one round. */
export interface Fault {
  /** The client's name. */
  readonly client: string;
  readonly round: number;
  /**
   * `dropout`: its connection is lost before it has done anything, and comes back when the attempt is over [RD4].
   * `straggler`: it does its work, and its delta comes a second after the deadline [RD2] [UP5].
   */
  readonly kind: FaultKind;
}

export type FaultKind = 'dropout' | 'straggler';

/** Each fault strikes once. */
export class Faults {
  private readonly left: Fault[];

  constructor(faults: readonly Fault[]) {
    this.left = [...faults];
  }

  has(client: string, round: number, kind: FaultKind): boolean {
    return this.find(client, round, kind) >= 0;
  }

  /** @returns whether it strikes now */
  strikes(client: string, round: number, kind: FaultKind): boolean {
    const index = this.find(client, round, kind);
    if (index >= 0) this.left.splice(index, 1);
    return index >= 0;
  }

  private find(client: string, round: number, kind: FaultKind): number {
    return this.left.findIndex((fault) => fault.client === client && fault.round === round && fault.kind === kind);
  }
}
