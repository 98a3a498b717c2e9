// When a text leaves: now, or at a time by the contact's clock or by one's own; a reply may cancel it.
import { ActionIcon, Button, Checkbox, Popover, Tooltip } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { present } from "../clock";
import styles from "./Later.module.css";
import { cityOf, dateTime, dayAt, fieldsAt, instantOf, mine } from "./zoned";

export interface Plan {
  readonly at: Date;
  readonly cancelOnReply: boolean;
}

const SOONEST_MS = 60_000;

export function Later({ zones, plan, disabled = false, onPlan, children }: { zones: readonly string[]; plan: Plan | null; disabled?: boolean; onPlan: (plan: Plan | null) => void; children?: ReactNode }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="top-end" trapFocus withinPortal shadow="md" radius="md">
      <Popover.Target>
        <Tooltip label={plan ? "Change the time" : "Send later"} disabled={opened}>
          <ActionIcon
            variant="subtle" size={36} radius={11} aria-label="Send later" aria-haspopup="dialog" aria-expanded={opened} data-planned={plan !== null} className={styles.button} disabled={disabled}
            onClick={() => setOpened((before) => !before)}
          >
            <CalendarClock size={19} strokeWidth={1.8} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label="Send later" className={styles.panel}>
        <TimeFields
          zones={zones} plan={plan} done={plan ? "Change" : "Use this time"}
          onDone={(next) => {
            onPlan(next);
            setOpened(false);
          }}
          {...(plan && {
            onNow: () => {
              onPlan(null);
              setOpened(false);
            },
          })}
        />
        {children}
      </Popover.Dropdown>
    </Popover>
  );
}

interface TimeProps {
  zones: readonly string[];
  plan: Plan | null;
  /** What the button says. */
  done: string;
  disabled?: boolean;
  onDone: (plan: Plan) => void;
  onNow?: () => void;
}

/** Date, time, whose clock, and whether a reply cancels it. */
export function TimeFields({ zones, plan, done, disabled = false, onDone, onNow }: TimeProps) {
  const now = present();
  const theirs = zones[0];
  const [zone, setZone] = useState(theirs ?? mine());
  const [fields, setFields] = useState(() => fieldsAt(zone, plan?.at ?? dayAt(zone, now, 1, "09:00")));
  const [cancelOnReply, setCancel] = useState(plan?.cancelOnReply ?? true);
  const id = useId();
  const at = instantOf(zone, fields.date, fields.time);
  const early = at !== null && at.getTime() < now.getTime() + SOONEST_MS;
  const pick = (when: Date) => setFields(fieldsAt(zone, when));
  const clocks = [...new Set([...zones, mine()])];
  const change = (next: string) => {
    if (at) setFields(fieldsAt(next, at));
    setZone(next);
  };
  return (
    <div className={styles.fields}>
      <div className={styles.quick}>
        <button type="button" onClick={() => pick(new Date(now.getTime() + 3_600_000))}>In an hour</button>
        <button type="button" onClick={() => pick(dayAt(zone, now, 1, "09:00"))}>Tomorrow 9 AM</button>
        <button type="button" onClick={() => pick(dayAt(zone, now, 1, "14:00"))}>Tomorrow 2 PM</button>
      </div>
      <div className={styles.pair}>
        <label htmlFor={`${id}d`}>
          Date
          <input id={`${id}d`} type="date" value={fields.date} min={fieldsAt(zone, now).date} onChange={(event) => setFields({ ...fields, date: event.currentTarget.value })} />
        </label>
        <label htmlFor={`${id}t`}>
          Time
          <input id={`${id}t`} type="time" value={fields.time} onChange={(event) => setFields({ ...fields, time: event.currentTarget.value })} />
        </label>
      </div>
      {clocks.length > 1 && (
        <label htmlFor={`${id}z`} className={styles.zone}>
          By the clock in
          <select id={`${id}z`} value={zone} onChange={(event) => change(event.currentTarget.value)}>
            {clocks.map((one) => (
              <option key={one} value={one}>
                {cityOf(one)}
                {zones.includes(one) ? " (theirs)" : " (yours)"}
              </option>
            ))}
          </select>
        </label>
      )}
      <Checkbox checked={cancelOnReply} onChange={(event) => setCancel(event.currentTarget.checked)} label="Cancel it if they write first" />
      <p className={styles.sum} role="status">
        {at === null ? "Choose a date and a time." : early ? "That time has come already: choose a later one." : <BothClocks zones={zones} at={at} />}
      </p>
      <div className={styles.foot}>
        {onNow && (
          <Button variant="default" onClick={onNow}>
            Send now instead
          </Button>
        )}
        <Button disabled={disabled || at === null || early} onClick={() => at && onDone({ at, cancelOnReply })}>
          {done}
        </Button>
      </div>
    </div>
  );
}

/** The instant by their clock, and by the reader's where that shows something else. */
export function BothClocks({ zones, at }: { zones: readonly string[]; at: Date }) {
  const theirs = zones[0] ?? mine();
  const [there, here] = [dateTime(theirs, at), dateTime(mine(), at)];
  return (
    <>
      <strong>{there}</strong>
      {zones[0] && " there"}
      {here !== there && <span>, {here} for you</span>}
    </>
  );
}
