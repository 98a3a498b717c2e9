// The connection: opens, keeps and renews it, subscribes and resumes, and sends commands until they are answered.
import type { ClientFrame, CommandData, Err, ServerFrame } from "../gen/wire";
import { afterClose } from "./backoff";
import type { Commands } from "./commands";
import type { Position } from "./store";

export type Status = "connecting" | "live" | "reconnecting" | "ended";

export interface SocketOwner {
  /** Frames in the order in which they came. */
  received(frame: ServerFrame): void;
  position(channel: string): Position;
  asking(channel: string, id: number): void;
  statusChanged(status: Status): void;
  /** What the member may see is another now: nothing that is here may stay. */
  sightChanged(): void;
  /** The handshake failed before anything was said: is the session over? */
  sessionEnded(): Promise<boolean>;
}

const SIGHT_CHANGED = 4002;
const SILENCE_MS = 75_000; // the server's heartbeat comes far more often
const UNANSWERED_MS = 10_000; // then a command is sent once more on the same connection
const LATER_MS = 1_500;
const NOT_NOW = new Set(["busy", "unavailable"]); // refusals that say nothing about the command itself

export class Socket {
  private ws: WebSocket | null = null;
  private attempt = 0;
  private nextId = 1;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private resendTimer: ReturnType<typeof setInterval> | undefined;
  private readonly channels = new Set<string>();
  private readonly asks = new Map<string, number>(); // channel -> id of its latest subscription
  private readonly sentAt = new Map<string, number>();
  private stopped = true;

  constructor(private readonly url: string, private readonly owner: SocketOwner, private readonly commands: Commands) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    addEventListener("online", this.now);
    document.addEventListener("visibilitychange", this.now);
    this.resendTimer = setInterval(() => this.resend(), UNANSWERED_MS / 2);
    this.owner.statusChanged("connecting");
    this.open();
  }

  stop(): void {
    this.stopped = true;
    removeEventListener("online", this.now);
    document.removeEventListener("visibilitychange", this.now);
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    clearInterval(this.resendTimer);
    this.ws?.close(1000);
    this.ws = null;
  }

  // Channels

  join(channel: string): void {
    this.channels.add(channel);
    this.ask(channel);
  }

  leave(channel: string): void {
    if (this.channels.delete(channel)) this.write({ t: "unsubscribe", id: this.nextId++, ch: channel });
  }

  /** Subscribes once more with the last position; a channel that was left meanwhile stays left. */
  ask(channel: string): void {
    if (!this.channels.has(channel) || !this.isOpen()) return;
    const id = this.nextId++;
    this.asks.set(channel, id);
    this.owner.asking(channel, id);
    this.write({ t: "subscribe", id, ch: channel, ...this.owner.position(channel) });
  }

  // Commands

  command(cmdId: string, data: CommandData): void {
    this.sentAt.set(cmdId, Date.now());
    this.write({ t: "command", cmd_id: cmdId, data });
  }

  isOpen(): boolean {
    return this.ws?.readyState === WebSocket.OPEN;
  }

  private later(refused: Err): void {
    setTimeout(() => {
      const one = this.commands.all().find((waiting) => waiting.cmd_id === refused.cmd_id);
      const channel = [...this.asks].find(([, id]) => id === refused.id)?.[0];
      if (one) this.command(one.cmd_id, one.data);
      else if (channel) this.ask(channel);
    }, LATER_MS * (1 + Math.random()));
  }

  private resend(): void {
    const late = Date.now() - UNANSWERED_MS;
    for (const one of this.commands.all()) {
      if ((this.sentAt.get(one.cmd_id) ?? 0) < late) this.command(one.cmd_id, one.data);
    }
  }

  // The connection

  private write(frame: ClientFrame): void {
    if (this.isOpen()) this.ws?.send(JSON.stringify(frame));
  }

  private open(): void {
    const ws = new WebSocket(this.url);
    let opened = false;
    this.ws = ws;
    ws.onopen = () => {
      opened = true;
      this.heard();
      this.owner.statusChanged("live");
      for (const channel of this.channels) this.ask(channel);
      for (const one of this.commands.all()) this.command(one.cmd_id, one.data);
    };
    ws.onmessage = (message: MessageEvent<string>) => {
      if (this.ws !== ws) return;
      this.heard();
      this.take(JSON.parse(message.data) as ServerFrame);
    };
    ws.onclose = (event) => {
      if (this.ws === ws) void this.closed(event.code, event.reason, opened);
    };
  }

  private take(frame: ServerFrame): void {
    this.attempt = 0; // the server talks to us: only now was the attempt a success
    if (frame.t === "ping") this.write({ t: "pong", id: frame.id });
    if (frame.t === "err" && NOT_NOW.has(frame.code)) return this.later(frame);
    if (frame.t === "ack" || (frame.t === "err" && frame.cmd_id)) {
      this.commands.settle(frame.cmd_id as string);
      this.sentAt.delete(frame.cmd_id as string);
    }
    this.owner.received(frame);
  }

  private async closed(code: number, reason: string, opened: boolean): Promise<void> {
    this.ws = null;
    clearTimeout(this.silenceTimer);
    if (this.stopped) return;
    if (code === SIGHT_CHANGED) return this.owner.sightChanged();
    this.owner.statusChanged("reconnecting");
    const next = afterClose(code, reason, this.attempt++, Math.random());
    if (next.kind === "login" || (!opened && (await this.owner.sessionEnded()))) {
      this.stop();
      this.owner.statusChanged("ended");
    } else if (!this.stopped && !this.ws) {
      clearTimeout(this.retryTimer);
      this.retryTimer = setTimeout(() => this.open(), next.after_ms);
    }
  }

  /** A network that came back, or a tab that is looked at again, is no time to sit out a back-off. */
  private readonly now = (): void => {
    if (this.stopped || this.ws || document.visibilityState === "hidden") return;
    clearTimeout(this.retryTimer);
    this.open();
  };

  private heard(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.ws?.close(4001, "silence"), SILENCE_MS);
  }
}
