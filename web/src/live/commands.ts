// Commands that the server has not acknowledged. They outlive a lost connection and a reload of the tab: the same
// cmd_id has the same effect once, however often it is sent.
import type { CommandData } from "../gen/wire";

export interface Unacked {
  readonly cmd_id: string;
  readonly data: CommandData;
  readonly at: string;
}

const KEY = "threadline.unacked";

export class Commands {
  private readonly waiting = new Map<string, Unacked>();

  constructor(private readonly memory: Pick<Storage, "getItem" | "setItem"> | null) {
    for (const one of this.remembered()) this.waiting.set(one.cmd_id, one);
  }

  all(): Unacked[] {
    return [...this.waiting.values()];
  }

  get size(): number {
    return this.waiting.size;
  }

  add(one: Unacked): void {
    this.waiting.set(one.cmd_id, one);
    this.remember();
  }

  /** Answered, well or badly. */
  settle(cmdId: string): Unacked | undefined {
    const one = this.waiting.get(cmdId);
    if (this.waiting.delete(cmdId)) this.remember();
    return one;
  }

  clear(): void {
    this.waiting.clear();
    this.remember();
  }

  private remembered(): Unacked[] {
    try {
      return JSON.parse(this.memory?.getItem(KEY) ?? "[]") as Unacked[];
    } catch {
      return []; // written by something else: nothing to resume
    }
  }

  private remember(): void {
    this.memory?.setItem(KEY, JSON.stringify(this.all()));
  }
}
