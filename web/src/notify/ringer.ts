// Rings for texts that concern this member, once for all tabs of a browser: one tab decides and shows what the desktop
// shows, and one that was touched sounds. Each hears of texts by its own live store; nothing here asks the server.
import { present } from "../clock";
import type { Live } from "../live/live";
import type { Arrival } from "../live/store";
import { nameOrNumber } from "../text/people";
import { BETWEEN_MS, isOld, noticesOf, tells, Undecided } from "./bell";
import { Shown } from "./desktop";
import { onTouched, sound } from "./sound";
import { lead, looked } from "./tabs";
import { wishesOf } from "./wishes";

const GATHER_MS = 400; // as long as it takes a tab that shows the text to say that it was read

type Said = { t: "decided"; up_to: [thread: number, inTotal: number][] } | { t: "sound" };

export class Ringer {
  private readonly over = new AbortController();
  private readonly undecided = new Undecided();
  private readonly channel: BroadcastChannel;
  private readonly shown: Shown;
  private readonly ends: (() => void)[] = [];
  private decides = false;
  private sounds = false;
  private soundedAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `open` shows a conversation in this tab, or the inbox where several were meant. */
  constructor(
    private readonly live: Live,
    private readonly me: number,
    open: (thread: number | null) => void,
  ) {
    this.channel = new BroadcastChannel(`threadline.bell.${me}`);
    this.shown = new Shown((threads) => open(threads.length === 1 ? (threads[0] as number) : null));
  }

  start(): void {
    const { signal } = this.over;
    lead(`threadline.bell.${this.me}`, signal, () => {
      this.decides = true;
      this.soon();
    });
    const voice = () => lead(`threadline.voice.${this.me}`, signal, () => void (this.sounds = true));
    onTouched(voice, signal);
    this.channel.onmessage = (message: MessageEvent<Said>) => this.told(message.data);
    this.ends.push(this.live.onArrivals((arrivals) => this.heard(arrivals)), this.live.store.subscribe("rows", () => this.tidy()));
    addEventListener("pagehide", () => this.shown.closeUnless(() => false), { signal });
  }

  stop(): void {
    this.over.abort();
    this.ends.splice(0).forEach((end) => end());
    clearTimeout(this.timer);
    this.shown.closeUnless(() => false);
    this.channel.close();
  }

  private heard(arrivals: readonly Arrival[]): void {
    const now = present();
    for (const { row, late } of arrivals) if (!late || !isOld(row, now)) this.undecided.hear(row.thread_id, row.in_total);
    this.soon();
  }

  private told(said: Said): void {
    if (said.t === "sound") this.sound();
    else for (const [thread, inTotal] of said.up_to) this.undecided.settle(thread, inTotal);
  }

  private soon(): void {
    if (this.decides) this.timer ??= setTimeout(() => void this.decide(), GATHER_MS);
  }

  private async decide(): Promise<void> {
    const seen = await looked();
    this.timer = undefined;
    if (this.over.signal.aborted) return;
    const waiting = this.undecided.take();
    if (waiting.length === 0) return;
    this.channel.postMessage({ t: "decided", up_to: waiting } satisfies Said);
    const { store } = this.live;
    const ringing = waiting.map(([thread]) => store.row(thread)).filter((view) => tells(view, this.me, store.mentionedIn)).filter(({ row }) => !seen.has(row.thread_id));
    const wishes = wishesOf(this.me);
    if (ringing.length === 0 || wishes.quiet) return;
    if (wishes.desktop) for (const notice of noticesOf(ringing, nameOrNumber, wishes.hideWords)) this.shown.show(notice);
    const now = performance.now();
    if (!wishes.sound || now - this.soundedAt < BETWEEN_MS) return;
    this.soundedAt = now;
    if (this.sounds) this.sound();
    else this.channel.postMessage({ t: "sound" } satisfies Said);
  }

  private sound(): void {
    if (this.sounds) void sound();
  }

  private tidy(): void {
    const { store } = this.live;
    this.shown.closeUnless((thread) => tells(store.row(thread), this.me, store.mentionedIn));
  }
}
