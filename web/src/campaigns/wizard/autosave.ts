// What was written goes to the server by itself: one save at a time, on the version that the last one gave.
import { Problem } from "../../api";
import type { Change, Draft } from "../drafts";

export interface Written {
  /** As it stands on the page, saved or not. */
  readonly draft: Draft;
  /** The last version that the server knows of it. */
  readonly version: number;
  readonly saving: "saved" | "waiting" | "failed";
  /** Why the last save came to nothing; where somebody else was faster, the page shows theirs by now. */
  readonly problem: string | null;
}

interface Server {
  save: (version: number, change: Change) => Promise<Draft>;
  read: () => Promise<Draft>;
}

const none = (change: Change): boolean => Object.keys(change).length === 0;

export class Autosave {
  private pending: Change = {};
  private running: Promise<void> | null = null;
  private readonly listeners = new Set<() => void>();
  written: Written;

  constructor(
    draft: Draft,
    private readonly server: Server,
  ) {
    this.written = { draft, version: draft.version, saving: "saved", problem: null };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Put it on the page; it is saved by the next `flush`. */
  change(change: Change): void {
    this.pending = { ...this.pending, ...change };
    this.tell({ draft: { ...this.written.draft, ...change }, saving: "waiting" });
  }

  /** Saves what is not saved; true once all of it is. */
  async flush(): Promise<boolean> {
    this.running ??= this.saveAll().finally(() => {
      this.running = null;
    });
    await this.running;
    if (this.written.saving === "waiting") return this.flush(); // something was written while the last answer came
    return this.written.saving === "saved";
  }

  private async saveAll(): Promise<void> {
    while (!none(this.pending)) {
      const sent = this.pending;
      this.pending = {};
      try {
        const { version } = await this.server.save(this.written.version, sent);
        this.tell({ version, saving: none(this.pending) ? "saved" : "waiting", problem: null });
      } catch (error) {
        await this.failed(sent, error);
        return;
      }
    }
  }

  private async failed(sent: Change, error: unknown): Promise<void> {
    const sentence = error instanceof Error ? error.message : "It could not be saved.";
    if (error instanceof Problem && error.status === 409 && error.field === "version") {
      const theirs = await this.server.read().catch(() => null);
      if (theirs !== null) {
        this.pending = {};
        this.tell({ draft: theirs, version: theirs.version, saving: "saved", problem: `${sentence} This is how it stands now.` });
        return;
      }
    }
    this.pending = { ...sent, ...this.pending };
    this.tell({ saving: "failed", problem: sentence });
  }

  private tell(news: Partial<Written>): void {
    this.written = { ...this.written, ...news };
    for (const listener of [...this.listeners]) listener();
  }
}
