// When it begins, how fast it goes, and what stops it.
import { NativeSelect, NumberInput, Radio, Switch, TextInput } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import { present } from "../../clock";
import { cityOf, dateTime, dayAt, fieldsAt, mine } from "../../compose/zoned";
import type { Drip, Plan, Start } from "../../gen/wire";
import { ZONES } from "../../people/zones";
import { Ahead } from "../Ahead";
import { Card, Wrong } from "./Card";
import type { Timing } from "../drafts";
import { clockOf, DAYS, inUnits, newDrip, place, secondsOf, told, UNITS } from "./pace";
import { Counted } from "./Side";
import { faultsAt } from "./steps";
import type { StepProps } from "./step";
import wizard from "./Wizard.module.css";
import styles from "./Schedule.module.css";

export function Schedule(props: StepProps) {
  const { drafting, survey } = props;
  const { plan } = drafting.draft;
  return (
    <div className={wizard.columns}>
      <div className={wizard.column}>
        <Begins start={plan.start} onChange={(over) => drafting.plan({ start: { ...plan.start, ...over } })} />
        <Pace plan={plan} onChange={drafting.plan} />
        {plan.drip !== null && survey?.timing?.outlook && (
          <Card title="How it will go" lead="If it were launched now. Quiet hours are each recipient's own: who sleeps gets it in the morning.">
            <Ahead outlook={survey.timing.outlook} zone={plan.drip.zone} />
          </Card>
        )}
        <Stops plan={plan} onChange={drafting.plan} />
        <Wrong sentences={survey ? faultsAt("schedule", survey.faults).map((one) => one.sentence) : []} />
      </div>
      <aside className={wizard.side} aria-label="What it comes to">
        <When {...props} />
        <Counted {...props} />
      </aside>
    </div>
  );
}

/** The sentences of when; of the plan as it is saved. */
export function When({ drafting, survey, counting }: StepProps) {
  const { start, drip } = drafting.draft.plan;
  return (
    <section className={styles.when} aria-label="In words" data-counting={counting || undefined}>
      <CalendarClock size={18} aria-hidden="true" />
      <div role="status">
        {survey?.timing ? told(start, drip, survey.timing, survey.found?.recipients ?? 0).map((sentence) => <p key={sentence}>{sentence}</p>) : <p>{survey ? "There is no such time yet: see what is wrong." : "…"}</p>}
        {survey?.timing && survey.timing.homes.length > 0 && <Homes homes={survey.timing.homes} />}
        <p className={styles.soft}>In a recipient's quiet hours nothing leaves: it waits for their morning.</p>
      </div>
    </section>
  );
}

const MOST_HOMES = 8;

/** The hour of each recipient's own clock on the reader's, and what became of one that a clock skips or shows twice. */
function Homes({ homes }: { homes: Timing["homes"] }) {
  const hidden = homes.length - MOST_HOMES;
  return (
    <>
      <ul className={styles.homes} aria-label="By each zone">
        {homes.slice(0, MOST_HOMES).map((one) => (
          <li key={one.zone}>
            <span>{place(one.zone.split("/").slice(1).join(", ") || one.zone)}</span>
            <time dateTime={one.at}>{dateTime(mine(), new Date(one.at))}</time>
            {one.sentence && <p>{one.sentence}</p>}
          </li>
        ))}
      </ul>
      <p className={styles.soft}>
        {hidden > 0 && <>And {hidden} more zones. </>}
        The times are those of your own clock.
      </p>
    </>
  );
}

const HOW = [
  { value: "now", label: "At once", description: "As soon as you launch it." },
  { value: "at", label: "At a date and time", description: "By the clock of a zone that you choose." },
  { value: "home", label: "At an hour of each recipient's own clock", description: "Ten o'clock is ten o'clock in Boston and in Denver." },
] as const;

function Begins({ start, onChange }: { start: Start; onChange: (over: Partial<Start>) => void }) {
  const how = start.day === null ? "now" : start.at_home ? "home" : "at";
  const choose = (next: string) => {
    const day = start.day ?? fieldsAt(start.zone, dayAt(start.zone, present(), 1, "09:00")).date;
    onChange(next === "now" ? { day: null, at_home: false } : { day, at_home: next === "home" });
  };
  return (
    <Card title="When it begins">
      <Radio.Group aria-label="When it begins" value={how} onChange={choose}>
        <div className={styles.how}>
          {HOW.map((one) => (
            <Radio key={one.value} {...one} />
          ))}
        </div>
      </Radio.Group>
      {start.day !== null && (
        <>
          <div className={styles.fields}>
            <TextInput type="date" label="Date" value={start.day} min={fieldsAt(start.zone, present()).date} onChange={(event) => event.currentTarget.value && onChange({ day: event.currentTarget.value })} />
            <TextInput type="time" label="Time" value={start.at.slice(0, 5)} onChange={(event) => event.currentTarget.value && onChange({ at: event.currentTarget.value })} />
            <Zone label={how === "home" ? "Where none is known" : "By the clock in"} value={start.zone} onChange={(zone) => onChange({ zone })} />
          </div>
          <NativeSelect
            label="If the server is not running then" value={start.if_missed} onChange={(event) => onChange({ if_missed: event.currentTarget.value as Start["if_missed"] })}
            data={[{ value: "ask", label: "Ask somebody before it begins late" }, { value: "expire", label: "Cancel it: late is worse than never" }]}
          />
        </>
      )}
    </Card>
  );
}

function Zone({ label, value, onChange }: { label: string; value: string; onChange: (zone: string) => void }) {
  const known: { value: string; label: string }[] = ZONES.map((one) => ({ value: one.value, label: `${one.label} (${cityOf(one.value)})` }));
  for (const other of [mine(), value]) if (!known.some((one) => one.value === other)) known.push({ value: other, label: place(other) });
  return <NativeSelect label={label} value={value} data={known} onChange={(event) => onChange(event.currentTarget.value)} />;
}

function Pace({ plan, onChange }: { plan: Plan; onChange: (over: Partial<Plan>) => void }) {
  const { drip, rate } = plan;
  return (
    <Card title="How fast">
      <Switch
        label="Drip: so many every so often" description="Spread over hours or weeks, so that answers come in at a pace that you can keep." checked={drip !== null}
        onChange={(event) => onChange({ drip: event.currentTarget.checked ? newDrip(plan.start.zone) : null })}
      />
      {drip !== null && <DripFields drip={drip} onChange={(over) => onChange({ drip: { ...drip, ...over } })} />}
      <div className={styles.fields}>
        <NumberInput
          label="At most" description="Empty: as fast as your numbers let." suffix=" segments a second" min={0} max={100_000} hideControls decimalScale={2} value={rate ?? ""} placeholder="As fast as your numbers let"
          onChange={(value) => (typeof value === "number" || value === "") && onChange({ rate: value === "" ? null : value })}
        />
      </div>
    </Card>
  );
}

export function DripFields({ drip, onChange }: { drip: Drip; onChange: (over: Partial<Drip>) => void }) {
  const { count, unit } = inUnits(drip.interval_s);
  const days = (day: number) => (drip.days.includes(day) ? drip.days.filter((one) => one !== day) : [...drip.days, day].sort());
  return (
    <div className={styles.drip}>
      <div className={styles.fields}>
        <NumberInput label="Batches of" suffix=" people" min={1} max={1_000_000} clampBehavior="strict" allowDecimal={false} thousandSeparator="," hideControls value={drip.batch} onChange={(batch) => typeof batch === "number" && onChange({ batch })} />
        <NumberInput label="Every" min={1} max={10_000} clampBehavior="strict" allowDecimal={false} hideControls value={count} onChange={(value) => typeof value === "number" && onChange({ interval_s: value * Number(unit) })} />
        <NativeSelect label="Unit" value={unit} data={UNITS.map((one) => ({ ...one }))} onChange={(event) => onChange({ interval_s: count * Number(event.currentTarget.value) })} />
      </div>
      <div className={styles.days} role="group" aria-label="On these days">
        {DAYS.map((name, day) => (
          <button key={name} type="button" aria-pressed={drip.days.includes(day)} onClick={() => onChange({ days: days(day) })}>
            {name}
          </button>
        ))}
      </div>
      <div className={styles.fields}>
        <TextInput type="time" label="From" value={clockOf(drip.span.opens_s)} onChange={(event) => onChange({ span: { ...drip.span, opens_s: secondsOf(event.currentTarget.value) ?? drip.span.opens_s } })} />
        <TextInput type="time" label="Until" value={clockOf(drip.span.closes_s)} onChange={(event) => onChange({ span: { ...drip.span, closes_s: secondsOf(event.currentTarget.value, true) ?? drip.span.closes_s } })} />
        <Zone label="By the clock in" value={drip.zone} onChange={(zone) => onChange({ zone })} />
        <TextInput type="date" label="Last day" description="Empty: until everybody was written to." inputWrapperOrder={["label", "input", "description"]} value={drip.ends_on ?? ""} onChange={(event) => onChange({ ends_on: event.currentTarget.value || null })} />
      </div>
    </div>
  );
}

function Stops({ plan, onChange }: { plan: Plan; onChange: (over: Partial<Plan>) => void }) {
  const { limits } = plan;
  const percent = (value: string | number) => (typeof value === "number" ? value : null);
  return (
    <Card title="While it runs">
      <Switch label="Whoever answers gets nothing more of it" checked={plan.until_reply} onChange={(event) => onChange({ until_reply: event.currentTarget.checked })} />
      <Switch label="Keep its conversations out of the inbox until somebody answers" checked={plan.quiet} onChange={(event) => onChange({ quiet: event.currentTarget.checked })} />
      <div className={styles.fields}>
        <NumberInput label="Pause when more fail than" suffix=" %" min={0} max={100} clampBehavior="strict" hideControls placeholder="Never" value={limits.failed_percent ?? ""} onChange={(value) => onChange({ limits: { ...limits, failed_percent: percent(value) } })} />
        <NumberInput label="Pause when more opt out than" suffix=" %" min={0} max={100} clampBehavior="strict" hideControls placeholder="Never" value={limits.opted_out_percent ?? ""} onChange={(value) => onChange({ limits: { ...limits, opted_out_percent: percent(value) } })} />
      </div>
    </Card>
  );
}
