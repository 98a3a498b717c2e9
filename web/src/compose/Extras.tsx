// What a reply may have beside its words: pictures, a time, some seconds to take it back.
import { CalendarClock, X } from "lucide-react";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useHours } from "../inbox/useHours";
import { composeApi } from "./api";
import styles from "./Extras.module.css";
import { BothClocks, Later, type Plan } from "./Later";
import { AttachButton, PictureStrip, usePictures, type Attached } from "./Pictures";
import { CHOICES, offerUndo, setUndoSeconds, undoSeconds } from "./undo";
import { dateTime, mine } from "./zoned";

const OFFERED_MS = 8_000;

export interface ExtrasState {
  readonly attached: Attached;
  readonly plan: Plan | null;
  readonly zones: readonly string[];
  readonly undo: number;
  readonly busy: boolean;
  readonly problem: string | null;
  /** Whether there is anything that the quick way of a reply does not carry. */
  readonly wanted: boolean;
  setPlan: (plan: Plan | null) => void;
  setUndo: (seconds: number) => void;
  send: (acknowledged: boolean, done: () => void) => void;
}

export function useExtras(id: number, text: string): ExtrasState {
  const attached = usePictures();
  const zones = useHours(id)?.zones ?? [];
  const [plan, setPlan] = useState<Plan | null>(null);
  const [undo, setUndo] = useState(undoSeconds);
  const command = useRef<{ of: string; id: string } | null>(null);
  const sending = useMutation({
    mutationFn: ({ acknowledged }: { acknowledged: boolean; done: () => void }) => {
      const asked = {
        thread_id: id,
        body: text,
        ...(attached.pictures.length > 0 && { media: attached.pictures.map((one) => one.media_id) }),
        ...(plan ? { send_at: plan.at.toISOString(), cancel_on_reply: plan.cancelOnReply } : undo > 0 && { undo_s: undo }),
        ...(acknowledged && { acknowledged_opt_out: true }),
      };
      const of = JSON.stringify(asked); // tried again it is the same command, changed it is another
      if (command.current?.of !== of) command.current = { of, id: crypto.randomUUID() };
      return composeApi.send({ ...asked, cmd_id: command.current.id });
    },
    onSuccess: ({ seq }, { done }) => {
      const until = Date.now() + (plan ? OFFERED_MS : undo * 1000);
      if (plan || undo > 0) offerUndo({ thread: id, seq, body: text, until, when: plan ? dateTime(zones[0] ?? mine(), plan.at) : null });
      command.current = null;
      attached.clear();
      setPlan(null);
      done();
    },
  });
  return {
    attached, plan, zones, undo, setPlan,
    busy: sending.isPending || attached.busy > 0,
    problem: sending.error?.message ?? null,
    wanted: plan !== null || undo > 0 || attached.pictures.length > 0,
    setUndo: (seconds) => {
      setUndoSeconds(seconds);
      setUndo(seconds);
    },
    send: (acknowledged, done) => {
      if (!sending.isPending) sending.mutate({ acknowledged, done });
    },
  };
}

/** Above the box: what was added to the reply. */
export function Extras({ extras }: { extras: ExtrasState }) {
  const { plan, zones } = extras;
  return (
    <>
      <PictureStrip attached={extras.attached} />
      {plan && (
        <p className={styles.plan} data-testid="plan">
          <CalendarClock size={15} strokeWidth={2} aria-hidden="true" />
          <span>
            Leaves <BothClocks zones={zones} at={plan.at} />
            {plan.cancelOnReply && ", unless they write first"}
          </span>
          <button type="button" aria-label="Send now instead" onClick={() => extras.setPlan(null)}>
            <X size={15} strokeWidth={2.2} aria-hidden="true" />
          </button>
        </p>
      )}
      {extras.problem && (
        <p className={styles.problem} role="alert">
          {extras.problem}
        </p>
      )}
    </>
  );
}

/** Inside the box, before Send. */
export function ExtraTools({ extras, disabled }: { extras: ExtrasState; disabled: boolean }) {
  return (
    <>
      <AttachButton attached={extras.attached} disabled={disabled} />
      <Later zones={extras.zones} plan={extras.plan} disabled={disabled} onPlan={extras.setPlan}>
        <label className={styles.undo}>
          Replies can be taken back for
          <select value={extras.undo} onChange={(event) => extras.setUndo(Number(event.currentTarget.value))}>
            {CHOICES.map((seconds) => (
              <option key={seconds} value={seconds}>
                {seconds === 0 ? "no time" : `${seconds} seconds`}
              </option>
            ))}
          </select>
        </label>
      </Later>
    </>
  );
}
