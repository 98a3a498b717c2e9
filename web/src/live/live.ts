// Joins the store and the socket: frames are applied once per animation frame, what the person does goes out as commands.
import { present } from "../clock";
import type { CommandData, Send, ServerFrame } from "../gen/wire";
import { Commands } from "./commands";
import { Socket, type Status } from "./socket";
import { bulkChannel, campaignChannel, CAMPAIGNS, LiveStore, threadChannel, type Arrival } from "./store";

const HIDDEN_FLUSH_MS = 250; // a hidden tab gets no animation frames, and its title must still count
const TYPING_REPEAT_MS = 3_000;
const CLAIM_RENEWED_MS = 30_000; // the server lets it lapse after 90 s
const TYPING_FORGOTTEN_MS = 7_000;

export class Live {
  readonly store = new LiveStore();
  status: Status = "connecting";

  private readonly commands = new Commands(sessionStorage);
  private readonly socket: Socket;
  private readonly queue: ServerFrame[] = [];
  private readonly statusListeners = new Set<() => void>();
  private readonly arrivalListeners = new Set<(arrivals: Arrival[]) => void>();
  private readonly forgetTimers = new Map<string, ReturnType<typeof setTimeout>>();
  private scheduled = false;
  private typedAt = 0;
  private claimed: { thread: number; at: number } | null = null;

  constructor(url: string, sessionEnded: () => Promise<boolean>) {
    const { store } = this;
    this.socket = new Socket(
      url,
      {
        received: (frame) => this.enqueue(frame),
        position: (channel) => this.resumable(channel),
        asking: (channel, id) => store.asking(channel, id),
        statusChanged: (status) => this.setStatus(status),
        sightChanged: () => location.reload(),
        sessionEnded,
      },
      this.commands,
    );
    for (const one of this.commands.all()) if (one.data.name === "send") this.show(one.cmd_id, one.data, one.at);
  }

  start(): void {
    this.socket.join("user");
    this.socket.join("inbox");
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
  }

  /** Nothing of the old session may go out under another member's name. */
  forget(): void {
    this.commands.clear();
    this.stop();
  }

  subscribeStatus = (listener: () => void): (() => void) => {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  };

  onArrivals = (listener: (arrivals: Arrival[]) => void): (() => void) => {
    this.arrivalListeners.add(listener);
    return () => this.arrivalListeners.delete(listener);
  };

  // What the person does

  /** Shows a thread until the answer is called. What was seen of it stays, and coming back resumes from there. */
  visit(threadId: number): () => void {
    this.socket.join(threadChannel(threadId));
    return () => {
      this.socket.leave(threadChannel(threadId)); // colleagues see who is here by who is subscribed
      this.store.forgetPeople(threadId);
      this.store.commit();
    };
  }

  /** Shows how a text to many goes on until the answer is called. */
  follow(bulkId: number): () => void {
    this.socket.join(bulkChannel(bulkId));
    return () => this.socket.leave(bulkChannel(bulkId));
  }

  /** Shows how one campaign goes on, or all of the workspace (null), until the answer is called. */
  followCampaign(id: number | null): () => void {
    const channel = id === null ? CAMPAIGNS : campaignChannel(id);
    this.socket.join(channel);
    return () => this.socket.leave(channel);
  }

  send(threadId: number, body: string, more: Pick<Send, "acknowledged_opt_out" | "resend_of"> = {}): void {
    const seen = this.store.thread(threadId).state?.lastSeq ?? null; // of a text that is tried again, what is seen now
    const data: Send = { name: "send", thread_id: threadId, body, ...more, seen };
    const at = present().toISOString();
    const cmdId = this.command(data, at);
    this.show(cmdId, data, at);
    this.store.commit();
    this.typedAt = 0;
  }

  tryAgain(threadId: number, cmdId: string): void {
    const refused = this.store.thread(threadId).pending.find((one) => one.cmd_id === cmdId);
    this.store.dropPending(threadId, cmdId);
    if (refused) this.send(threadId, refused.data.body, refused.data);
  }

  discard(threadId: number, cmdId: string): void {
    this.store.dropPending(threadId, cmdId);
    this.store.commit();
  }

  release(threadId: number, seq: number, send: boolean): void {
    this.command({ name: "release", thread_id: threadId, seq, send });
  }

  displayed(threadId: number, inOrd: number): void {
    if (!this.store.displayed(threadId, inOrd)) return;
    this.command({ name: "mark_read", thread_id: threadId, up_to: inOrd });
    this.store.commit();
  }

  markUnread(threadId: number, fromOrd: number): void {
    this.store.undisplay(threadId, fromOrd);
    this.command({ name: "mark_unread", thread_id: threadId, from_ord: fromOrd });
    this.store.commit();
  }

  /** A hint to colleagues: lost with the connection, never repeated. */
  typing(threadId: number, typing: boolean): void {
    const now = Date.now();
    if (typing ? now - this.typedAt < TYPING_REPEAT_MS : this.typedAt === 0) return;
    this.typedAt = typing ? now : 0;
    if (this.socket.isOpen()) this.socket.command(crypto.randomUUID(), { name: "typing", thread_id: threadId, typing });
  }

  /** Who writes an answer has the sole right to it for as long as they do; lost with the connection, it lapses. */
  claim(threadId: number, over = false): void {
    const now = Date.now();
    if (!over && this.claimed?.thread === threadId && now - this.claimed.at < CLAIM_RENEWED_MS) return;
    if (!this.socket.isOpen()) return;
    this.claimed = { thread: threadId, at: now };
    this.socket.command(crypto.randomUUID(), { name: "claim", thread_id: threadId, over });
  }

  unclaim(threadId: number): void {
    if (this.claimed?.thread !== threadId) return;
    this.claimed = null;
    if (this.socket.isOpen()) this.socket.command(crypto.randomUUID(), { name: "unclaim", thread_id: threadId });
  }

  private command(data: CommandData, at = present().toISOString()): string {
    const cmdId = crypto.randomUUID();
    this.commands.add({ cmd_id: cmdId, data, at });
    if (this.socket.isOpen()) this.socket.command(cmdId, data);
    return cmdId;
  }

  private show(cmdId: string, data: Send, at: string): void {
    this.store.addPending({ cmd_id: cmdId, data, at, state: "waiting", seq: null, error: null });
  }

  // Frames

  private enqueue(frame: ServerFrame): void {
    this.queue.push(frame);
    if (this.scheduled) return;
    this.scheduled = true;
    if (document.visibilityState === "hidden") setTimeout(() => this.flush(), HIDDEN_FLUSH_MS);
    else requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const again = new Set<string>();
    for (const frame of this.queue.splice(0)) {
      for (const channel of this.store.apply(frame)) again.add(channel);
      if (frame.t === "state" && frame.ch.startsWith("thread:")) this.expectMoreTyping(frame.ch, frame.data as { member_id: number; typing?: boolean });
    }
    for (const channel of again) this.socket.ask(channel);
    const arrivals = this.store.commit();
    if (arrivals.length > 0) for (const listener of this.arrivalListeners) listener(arrivals);
  }

  private expectMoreTyping(channel: string, sign: { member_id: number; typing?: boolean }): void {
    if (!sign.typing) return;
    const key = `${channel}/${sign.member_id}`;
    clearTimeout(this.forgetTimers.get(key));
    const forget = () => {
      this.forgetTimers.delete(key);
      this.store.forgetTyping(Number(channel.slice(7)), sign.member_id);
      this.store.commit();
    };
    this.forgetTimers.set(key, setTimeout(forget, TYPING_FORGOTTEN_MS));
  }

  /** Frames that wait for their animation frame would be asked for a second time otherwise. */
  private resumable(channel: string): ReturnType<LiveStore["position"]> {
    if (this.queue.length > 0) this.flush();
    return this.store.position(channel);
  }

  private setStatus(status: Status): void {
    if (status === "reconnecting") {
      this.store.disconnected();
      this.store.commit();
    }
    this.status = status;
    for (const listener of [...this.statusListeners]) listener();
  }
}
