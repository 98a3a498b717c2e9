// Tabs without a page, for the tests: the client's own socket, commands and store, each asked and answered in one line of
// JSON. Sockets are the other side's, the clock stands still until it is told otherwise, and an animation frame comes
// with every question: what a tab holds then is what it would show.
import { createInterface } from "node:readline";
import { Live } from "../src/live/live";

type Effect = { tab: number; line: number } & ({ does: "dial" } | { does: "say"; text: string } | { does: "hang up"; code: number });
type Question = { tab: number; ask: string; line?: number; texts?: string[]; code?: number; reason?: string; alike?: number; method?: string; of?: "store"; values?: unknown[]; threads?: number[]; ms?: number };

interface Timer {
  at: number;
  every: number | null;
  fire: () => void;
}

class Line {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  readonly number = here().lines.push(this) - 1;

  constructor() {
    effects.push({ tab: active, line: this.number, does: "dial" });
  }

  send(text: string): void {
    effects.push({ tab: active, line: this.number, does: "say", text });
  }

  close(code = 1000): void {
    this.readyState = 2;
    effects.push({ tab: active, line: this.number, does: "hang up", code });
  }
}

class Tab {
  readonly lines: Line[] = [];
  now = Date.UTC(2026, 0, 1);
  ids = 0;
  alike: number | null = null;
  readonly kept = new Map<string, string>();
  readonly listeners = new Map<string, Set<() => void>>();
  readonly timers = new Map<number, Timer>();
  frames: (() => void)[] = [];
  live!: Live;
  readonly visits = new Map<number, () => void>();

  start(): void {
    for (const line of this.lines) line.onopen = line.onmessage = line.onclose = null; // of the page before
    this.listeners.clear();
    this.timers.clear();
    this.frames = [];
    this.visits.clear();
    this.live = new Live("ws://tabs", () => Promise.resolve(false));
    this.live.start();
  }

  paint(): void {
    for (const frame of this.frames.splice(0)) frame();
  }

  elapse(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [id, next] = [...this.timers].filter(([, timer]) => timer.at <= until).sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (id === undefined || !next) break;
      this.now = next.at;
      if (next.every === null) this.timers.delete(id);
      else next.at += next.every;
      next.fire();
      this.paint();
    }
    this.now = until;
  }
}

const tabs = new Map<number, Tab>();
const effects: Effect[] = [];
let active = 0;
let timerIds = 0;

function here(): Tab {
  const known = tabs.get(active) ?? new Tab();
  tabs.set(active, known);
  return known;
}

const clock = (fire: () => void, ms = 0, every: number | null = null): number => {
  here().timers.set(++timerIds, { at: here().now + ms, every, fire });
  return timerIds;
};
const unclock = (id: number | undefined): void => void (id !== undefined && here().timers.delete(id));
const listen = (what: string, listener: () => void): void => void here().listeners.set(what, (here().listeners.get(what) ?? new Set()).add(listener));
const unlisten = (what: string, listener: () => void): void => void here().listeners.get(what)?.delete(listener);

const afterAll = setImmediate;
Object.assign(globalThis, {
  WebSocket: Line,
  setTimeout: clock,
  clearTimeout: unclock,
  setInterval: (fire: () => void, ms: number) => clock(fire, ms, ms),
  clearInterval: unclock,
  requestAnimationFrame: (frame: () => void) => here().frames.push(frame),
  addEventListener: listen,
  removeEventListener: unlisten,
  document: { visibilityState: "visible", addEventListener: listen, removeEventListener: unlisten },
  sessionStorage: {
    getItem: (key: string) => here().kept.get(key) ?? null,
    setItem: (key: string, value: string) => here().kept.set(key, value),
  },
});
Date.now = () => here().now;
// The same tab asks the same in each run, and so does one that is told to be alike: what was answered once can be answered again.
crypto.randomUUID = () => `00000000-0000-4000-8000-${((here().alike ?? active) * 1_000_000 + here().ids++).toString(16).padStart(12, "0")}`;

function answer(question: Question): unknown {
  active = question.tab;
  const tab = here();
  const line = tab.lines[question.line ?? -1];
  switch (question.ask) {
    case "start":
      tab.alike = question.alike ?? null;
      tab.start();
      return null;
    case "reload":
      tab.start();
      return null;
    case "gone":
      tabs.delete(active);
      return null;
    case "opened":
      if (line) line.readyState = 1;
      line?.onopen?.();
      return null;
    case "heard":
      for (const text of question.texts ?? []) line?.onmessage?.({ data: text });
      tab.paint();
      return null;
    case "closed":
      if (line) line.readyState = 3;
      line?.onclose?.({ code: question.code ?? 1006, reason: question.reason ?? "" });
      return null;
    case "online":
      for (const listener of [...(tab.listeners.get("online") ?? [])]) listener();
      return null;
    case "elapse":
      tab.elapse(question.ms ?? 0);
      return null;
    case "visit": {
      const id = question.values?.[0] as number;
      if (!tab.visits.has(id)) tab.visits.set(id, tab.live.visit(id));
      return null;
    }
    case "leave": {
      const id = question.values?.[0] as number;
      tab.visits.get(id)?.();
      tab.visits.delete(id);
      return null;
    }
    case "call": {
      const target = (question.of === "store" ? tab.live.store : tab.live) as unknown as Record<string, (...values: unknown[]) => unknown>;
      return target[question.method as string]!(...(question.values ?? [])) ?? null;
    }
    case "held":
      return held(tab, question.threads ?? []);
    default:
      throw new Error(`nobody asks ${question.ask}`);
  }
}

/** What the tab shows, as its components read it. */
function held(tab: Tab, ids: readonly number[]): unknown {
  const { store, status } = tab.live;
  return {
    status,
    order: store.order,
    cursor: store.nextCursor(),
    badge: store.badge,
    mentions: store.mentions,
    reviews: store.reviews.open,
    rows: Object.fromEntries(ids.map((id) => [id, store.row(id) ?? null])),
    people: Object.fromEntries(ids.map((id) => [id, store.people(id)])),
    threads: Object.fromEntries([...tab.visits.keys()].map((id) => [id, store.thread(id)])),
  };
}


createInterface({ input: process.stdin }).on("line", (text) => {
  let told: Record<string, unknown>;
  try {
    told = { value: answer(JSON.parse(text) as Question) };
  } catch (fault) {
    told = { fault: String((fault as Error).stack) };
  }
  afterAll(() => {
    here().paint();
    process.stdout.write(`${JSON.stringify({ ...told, effects: effects.splice(0) })}\n`);
  });
});
