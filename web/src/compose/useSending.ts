// The one way in which a text leaves that has more to it than words: sent once however often it is tried, offered for undo.
import { useMutation } from "@tanstack/react-query";
import { useCommand } from "../parts/useCommand";
import { composeApi, type Outgoing, type Picture, type Sent, type Whom } from "./api";
import type { Plan } from "./Later";
import { offerUndo } from "./undo";
import { dateTime, mine } from "./zoned";

const OFFERED_MS = 8_000; // a text for later can be called off at any time, so this is only the short way

export interface Letter {
  readonly whom: Whom;
  readonly body: string;
  readonly pictures: readonly Picture[];
  readonly plan: Plan | null;
  /** For how many seconds a text that leaves now can be taken back. */
  readonly undo: number;
  readonly acknowledged: boolean;
  /** Where the recipient may be. */
  readonly zones: readonly string[];
}

/** What the server is asked for; only what is wished is named. */
export function outgoing({ whom, body, pictures, plan, undo, acknowledged }: Letter): Omit<Outgoing, "cmd_id"> {
  return {
    ...whom,
    body,
    ...(pictures.length > 0 && { media: pictures.map((one) => one.media_id) }),
    ...(plan ? { send_at: plan.at.toISOString(), cancel_on_reply: plan.cancelOnReply } : undo > 0 && { undo_s: undo }),
    ...(acknowledged && { acknowledged_opt_out: true }),
  };
}

export function useSending(onSent: (sent: Sent, letter: Letter) => void) {
  const command = useCommand();
  return useMutation({
    mutationFn: (letter: Letter) => {
      const asked = outgoing(letter);
      return composeApi.send({ ...asked, cmd_id: command.idOf(asked) });
    },
    onSuccess: (sent, letter) => {
      const { body, pictures, plan, undo, zones } = letter;
      command.done();
      if (plan || undo > 0) {
        const until = Date.now() + (plan ? OFFERED_MS : undo * 1000);
        offerUndo({ thread: sent.thread_id, seq: sent.seq, body, pictures, until, when: plan ? dateTime(zones[0] ?? mine(), plan.at) : null });
      }
      onSent(sent, letter);
    },
  });
}
