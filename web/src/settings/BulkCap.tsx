// How many texts in bulk one number may get, beside what the law of its state says.
import { NativeSelect, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { wholeOf, windowsWith, type Settings } from "./settings";
import { Section } from "./Section";
import { useSection } from "./useSection";
import styles from "./Settings.module.css";

const FIRST = { texts: 2, window_h: 168 };

export function BulkCap({ settings, locked }: { settings: Settings; locked: boolean }) {
  const draft = useSection(settings);
  const cap = draft.values.bulk_cap;
  const [typed, type] = useState<string | null>(null);
  const shown = typed ?? String(cap?.texts ?? "");
  const fault = cap && typed !== null && !wholeOf(typed) ? "Say how many: a whole number of one or more." : null;
  const say = (text: string) => {
    const texts = wholeOf(text);
    type(text);
    if (cap && texts) draft.set({ bulk_cap: { ...cap, texts } });
  };
  const forget = () => {
    type(null);
    draft.forget();
  };
  return (
    <Section
      title="Bulk cap" draft={{ ...draft, dirty: draft.dirty || fault !== null, forget }} locked={locked} fault={fault}
      lead="So many campaigns and texts in bulk may reach one number, whichever of your numbers they come from. One more waits until the window is over. Some states have caps of their own, which hold as well."
    >
      <Switch
        label="Cap what one number gets" checked={cap !== null} onChange={(event) => {
          type(null);
          draft.set({ bulk_cap: event.currentTarget.checked ? (settings.bulk_cap ?? FIRST) : null });
        }}
      />
      {cap && (
        <div className={styles.cap}>
          <TextInput label="At most" inputMode="numeric" rightSection={<span className={styles.unit}>texts</span>} rightSectionWidth={52} value={shown} onChange={(event) => say(event.currentTarget.value)} error={draft.faultOf("bulk_cap")} />
          <NativeSelect
            label="In any" value={String(cap.window_h)} data={windowsWith(settings.bulk_cap?.window_h ?? cap.window_h)}
            onChange={(event) => draft.set({ bulk_cap: { ...cap, window_h: Number(event.currentTarget.value) } })}
          />
        </div>
      )}
    </Section>
  );
}
