// One conversation as the server tells it: a pure reducer. Events are applied as last + 1 and never otherwise.
import type { ActivityEvent, MessageOut, NoteEvent, StatusEvent, ThreadEventData, ThreadSnapshot } from "../gen/wire";

/** What members wrote or did beside the texts. */
export type Aside = NoteEvent | ActivityEvent;

export const seqOf = (aside: Aside): number => (aside.kind === "note" ? aside.note.seq : aside.activity.seq);

export interface ThreadState {
  readonly epoch: string;
  readonly lastSeq: number;
  readonly messages: readonly MessageOut[];
  readonly hasMore: boolean;
  readonly asides: readonly Aside[];
}

export type Applied = { kind: "applied"; state: ThreadState } | { kind: "duplicate" } | { kind: "gap" } | { kind: "other-epoch" };

export function fromSnapshot(snapshot: ThreadSnapshot, seq: number, epoch: string): ThreadState {
  return { epoch, lastSeq: seq, messages: snapshot.messages, hasMore: snapshot.has_more, asides: snapshot.asides };
}

export function applyEvent(state: ThreadState, seq: number, epoch: string, data: ThreadEventData): Applied {
  if (epoch !== state.epoch) return { kind: "other-epoch" };
  if (seq <= state.lastSeq) return { kind: "duplicate" };
  if (seq !== state.lastSeq + 1) return { kind: "gap" };
  if (data.kind === "note" || data.kind === "activity") return { kind: "applied", state: { ...state, lastSeq: seq, asides: [...state.asides, data] } };
  const messages = data.kind === "message" ? withNew(state.messages, data.message) : restate(state.messages, data);
  return { kind: "applied", state: { ...state, lastSeq: seq, messages } };
}

const withNew = (messages: readonly MessageOut[], message: MessageOut): readonly MessageOut[] => (message.taken_back ? messages : [...messages, message]);

/** What was taken back never was, for people. A status of a message that is not loaded changes nothing here: its page brings it along. */
function restate(messages: readonly MessageOut[], status: StatusEvent): readonly MessageOut[] {
  if (status.taken_back) return messages.filter((message) => message.seq !== status.ref);
  return messages.map((message) =>
    message.seq === status.ref
      ? { ...message, body: status.body ?? message.body, state: status.state, error_class: status.error_class, error_code: status.error_code, error: status.error, waits_until: status.waits_until }
      : message,
  );
}

/** An older page above what is loaded. What overlaps is kept as it is: the loaded one has seen every event. */
export function withOlder(state: ThreadState, older: readonly MessageOut[], asides: readonly Aside[], hasMore: boolean): ThreadState {
  const first = state.messages[0]?.seq ?? Infinity;
  const above = asides.filter((aside) => seqOf(aside) < first);
  return { ...state, messages: [...older.filter((message) => message.seq < first), ...state.messages], asides: [...above, ...state.asides], hasMore };
}
