// What should be known before a text is sent.
import { Checkbox } from "@mantine/core";
import { Ban, MoonStar } from "lucide-react";
import { timeThere } from "../text/hours";
import { useMinute } from "../inbox/useHours";
import type { Checked, Warned } from "./api";
import type { Plan } from "./Later";
import styles from "./Warnings.module.css";

const ASKED = new Set<Warned["kind"]>(["opted_out", "recipient_held"]);

/** Whether nothing may leave, and whether its author must say first that an opt-out is known. */
export function standing(checked: Checked | undefined): { stopped: boolean; asks: boolean } {
  const warnings = checked?.warnings ?? [];
  return { stopped: warnings.some((one) => one.stops), asks: warnings.some((one) => ASKED.has(one.kind) && !one.stops) };
}

export function Warnings({ checked, plan, acknowledged, onAcknowledge }: { checked: Checked | undefined; plan: Plan | null; acknowledged: boolean; onAcknowledge: (known: boolean) => void }) {
  const now = useMinute();
  if (!checked || checked.warnings.length === 0) return null;
  const { asks } = standing(checked);
  return (
    <div className={styles.warnings} data-testid="warnings">
      {checked.warnings.map((one) =>
        one.kind === "quiet_hours" ? (
          <p key={one.kind} className={styles.quiet}>
            <MoonStar size={15} strokeWidth={2} aria-hidden="true" />
            <span>
              {plan ? "Quiet hours where they are at that time: it waits until they end." : <>It is {timeThere(checked.hours.zones, now, now)} where they may be. Your text goes out at once.</>}
              {checked.hours.by_zip && ` ${checked.hours.by_zip}`}
            </span>
          </p>
        ) : (
          <p key={one.kind} data-stops={one.stops}>
            <Ban size={15} strokeWidth={2} aria-hidden="true" />
            <span>{one.sentence}</span>
          </p>
        ),
      )}
      {asks && <Checkbox checked={acknowledged} onChange={(event) => onAcknowledge(event.currentTarget.checked)} label="I know, and write as a person" />}
    </div>
  );
}
