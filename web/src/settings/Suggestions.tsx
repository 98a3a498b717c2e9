// Who suggests replies, how they shall sound, and what a day of them may cost.
import { Radio, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { suggestedQuery, wholeOf, type Mode, type Settings, type Suggested } from "./settings";
import { Section } from "./Section";
import { useSection } from "./useSection";
import styles from "./Settings.module.css";

const MODES: readonly { value: Mode; label: string; description: string }[] = [
  { value: "model", label: "By a model", description: "Names, numbers and addresses are masked before anything leaves this server. Where the day's budget is used up, past replies stand in." },
  { value: "offline", label: "From past replies only", description: "What your team has answered before, and its templates. Nothing leaves this server." },
  { value: "off", label: "Off", description: "No replies are suggested, and those on open pages disappear." },
];

export function Suggestions({ settings, locked }: { settings: Settings; locked: boolean }) {
  const draft = useSection(settings);
  const found = useQuery(suggestedQuery).data;
  const { ai_mode: mode, ai_tone: tone } = draft.values;
  return (
    <Section title="Suggested replies" draft={draft} locked={locked} lead="Two or three replies to the newest text of a conversation. They are put into the reply by a click, and never sent by themselves.">
      <Radio.Group label="Who suggests them" value={mode} onChange={(value) => draft.set({ ai_mode: value as Mode })}>
        <div className={styles.modes}>
          {MODES.map(({ value, label, description }) => (
            <Radio key={value} value={value} label={label} description={description} disabled={locked} />
          ))}
        </div>
      </Radio.Group>
      {found && mode === "model" && !found.model && <p className={styles.note}>This server has the key of no model, so past replies stand in.</p>}
      {mode === "model" && (
        <>
          <Textarea
            label="How they shall sound" placeholder="Warm and short. We say “home”, not “property”." autosize minRows={2} maxRows={6} maxLength={400} value={tone}
            onChange={(event) => draft.set({ ai_tone: event.currentTarget.value })}
          />
          <div className={styles.cap}>
            <Amount key={`r${settings.ai_day_requests}`} label="Requests a day" value={draft.values.ai_day_requests} error={draft.faultOf("ai_day_requests")} onChange={(value) => draft.set({ ai_day_requests: value })} />
            <Amount key={`t${settings.ai_day_tokens}`} label="Tokens a day" value={draft.values.ai_day_tokens} error={draft.faultOf("ai_day_tokens")} onChange={(value) => draft.set({ ai_day_tokens: value })} />
          </div>
        </>
      )}
      {found && <Figures of={found} model={mode === "model"} />}
    </Section>
  );
}

interface AmountProps {
  label: string;
  value: number;
  error: string | null;
  onChange: (value: number) => void;
}

function Amount({ label, value, error, onChange }: AmountProps) {
  const [typed, type] = useState(value.toLocaleString("en-US"));
  const wrong = wholeOf(typed) === null ? "A whole number; 0 asks no model." : null;
  return (
    <TextInput
      label={label} inputMode="numeric" value={typed} error={wrong ?? error} onChange={(event) => {
        type(event.currentTarget.value);
        const whole = wholeOf(event.currentTarget.value);
        if (whole !== null) onChange(whole);
      }}
    />
  );
}

function Figures({ of, model }: { of: Suggested; model: boolean }) {
  return (
    <div className={styles.figures}>
      {model && <Numbers title="What the model took today" rows={[["Requests", of.requests_today], ["Tokens", of.tokens_today]]} />}
      <Numbers title="What became of them in the last 30 days" rows={[["Sent as they were", of.accepted], ["Sent with other words", of.edited], ["Not used", of.ignored]]} />
    </div>
  );
}

function Numbers({ title, rows }: { title: string; rows: readonly (readonly [string, number])[] }) {
  return (
    <div>
      <p>{title}</p>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value.toLocaleString("en-US")}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
