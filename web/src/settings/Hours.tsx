// The hours of the week in which texts that nobody waits for may leave, on the clock of whoever gets them.
import { Checkbox, Switch } from "@mantine/core";
import { DAYS, dayOf, endsOf, lawWords, withDay, type Settings } from "./settings";
import { Section } from "./Section";
import { useSection } from "./useSection";
import styles from "./Settings.module.css";

const OFFICE = "09:00-18:00";

export function Hours({ settings, locked }: { settings: Settings; locked: boolean }) {
  const draft = useSection(settings);
  const week = draft.values.sending_hours;
  const fault = draft.faultOf("sending_hours");
  const own = (on: boolean) => draft.set({ sending_hours: on ? DAYS.map((_, nth) => (nth < 5 ? OFFICE : null)) : null });
  return (
    <Section
      title="Sending hours" draft={draft} locked={locked}
      lead={
        <>
          Campaigns, texts in bulk and texts for later leave in these hours only, on the clock of whoever gets them. What a person writes in a conversation leaves at once. The
          law&apos;s hours ({lawWords(settings.law_hours)}, in some states fewer) always hold.
        </>
      }
    >
      <Switch label="Hours of our own, within the law's" checked={week !== null} onChange={(event) => own(event.currentTarget.checked)} />
      {week && (
        <ul className={styles.week} aria-label="Hours of each day">
          {DAYS.map((name, nth) => {
            const day = week[nth] ?? null;
            const [opens, closes] = endsOf(day ?? OFFICE);
            const setDay = (next: string | null) => draft.set({ sending_hours: withDay(week, nth, next) });
            return (
              <li key={name} data-closed={day === null || undefined}>
                <Checkbox label={name} checked={day !== null} onChange={(event) => setDay(event.currentTarget.checked ? OFFICE : null)} />
                {day === null ? (
                  <span className={styles.closed}>Nothing leaves</span>
                ) : (
                  <span className={styles.span}>
                    <input type="time" required aria-label={`${name} from`} value={opens} onChange={(event) => setDay(dayOf(event.currentTarget.value, closes))} />
                    <span aria-hidden="true">to</span>
                    <input type="time" required aria-label={`${name} to`} value={closes} onChange={(event) => setDay(dayOf(opens, event.currentTarget.value))} />
                  </span>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {fault && (
        <p className={styles.fault} role="alert">
          {fault}
        </p>
      )}
      <p className={styles.note}>What waits for morning already keeps its time, unless these hours are narrower.</p>
    </Section>
  );
}
