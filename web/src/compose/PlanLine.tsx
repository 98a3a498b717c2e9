import { CalendarClock, X } from "lucide-react";
import { BothClocks, type Plan } from "./Later";
import styles from "./PlanLine.module.css";

/** When the text leaves that is being written, and the way back to now. */
export function PlanLine({ plan, zones, onNow }: { plan: Plan | null; zones: readonly string[]; onNow: () => void }) {
  if (!plan) return null;
  return (
    <p className={styles.plan} data-testid="plan">
      <CalendarClock size={15} strokeWidth={2} aria-hidden="true" />
      <span>
        Leaves <BothClocks zones={zones} at={plan.at} />
        {plan.cancelOnReply && ", unless they write first"}
      </span>
      <button type="button" aria-label="Send now instead" onClick={onNow}>
        <X size={15} strokeWidth={2.2} aria-hidden="true" />
      </button>
    </p>
  );
}
