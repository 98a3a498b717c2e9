// What a reply may have beside its words: pictures, a time, some seconds to take it back.
import { useState } from "react";
import { useHours } from "../inbox/useHours";
import { Failure } from "../parts/Failure";
import styles from "./Extras.module.css";
import { Later, type Plan } from "./Later";
import { AttachButton, PictureStrip, usePictures, type Attached } from "./Pictures";
import { PlanLine } from "./PlanLine";
import { CHOICES, setUndoSeconds, undoSeconds } from "./undo";
import type { DraftHandle } from "./useDraft";
import { useSending } from "./useSending";

export interface ExtrasState {
  readonly attached: Attached;
  readonly plan: Plan | null;
  readonly zones: readonly string[];
  readonly undo: number;
  readonly busy: boolean;
  readonly error: Error | null;
  /** Whether there is anything that the quick way of a reply does not carry. */
  readonly wanted: boolean;
  setPlan: (plan: Plan | null) => void;
  setUndo: (seconds: number) => void;
  send: (acknowledged: boolean) => void;
}

export function useExtras(id: number, draft: DraftHandle): ExtrasState {
  const attached = usePictures(draft);
  const zones = useHours(id)?.zones ?? [];
  const [plan, setPlan] = useState<Plan | null>(null);
  const [undo, setUndo] = useState(undoSeconds);
  const sending = useSending((_, letter) => {
    setPlan(null);
    draft.done(letter);
  });
  return {
    attached, plan, zones, undo, setPlan,
    busy: sending.isPending || attached.busy > 0,
    error: sending.error,
    wanted: plan !== null || undo > 0 || draft.pictures.length > 0,
    setUndo: (seconds) => {
      setUndoSeconds(seconds);
      setUndo(seconds);
    },
    send: (acknowledged) => {
      if (!sending.isPending) sending.mutate({ whom: { thread_id: id }, body: draft.body, pictures: draft.pictures, plan, undo, acknowledged, zones });
    },
  };
}

/** Above the box: what was added to the reply. */
export function Extras({ extras }: { extras: ExtrasState }) {
  return (
    <div className={styles.extras}>
      <PictureStrip attached={extras.attached} />
      <PlanLine plan={extras.plan} zones={extras.zones} onNow={() => extras.setPlan(null)} />
      <Failure brief error={extras.error} />
    </div>
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
