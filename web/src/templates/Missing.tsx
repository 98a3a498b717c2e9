// What a template lacks for this recipient is asked for, once, before its text is put anywhere.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Failure } from "../parts/Failure";
import { render, type Recipient, type Rendered, type Template, type Token } from "./templates";
import styles from "./Missing.module.css";

interface Props {
  template: Template;
  rendered: Rendered;
  recipient: Recipient;
  onBack: () => void;
  onDone: (text: string) => void;
}

export function Missing({ template, rendered, recipient, onBack, onDone }: Props) {
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const blank = rendered.missing.filter((token) => !answers[token.name]?.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (blank[0]) return setProblem(`${blank[0].label} is still empty.`);
    setBusy(true);
    render(template.body, recipient, answers)
      .then(({ text, missing, faults }) => {
        if (text !== null && missing.length === 0) onDone(text);
        else setProblem(faults[0]?.sentence ?? `${missing[0]?.label ?? "A value"} is still empty.`);
      })
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setBusy(false));
  };
  const answer = (name: string, value: string) => {
    setProblem(null);
    setAnswers((before) => ({ ...before, [name]: value }));
  };
  return (
    <form className={styles.form} onSubmit={submit} aria-label={`Values for ${template.name}`}>
      <header>
        <button type="button" onClick={onBack} aria-label="Back to the templates">
          <ArrowLeft size={18} aria-hidden="true" />
        </button>
        <div>
          <h3>{template.name}</h3>
          <p>{rendered.missing.length === 1 ? "One thing is not on record for this contact." : `${rendered.missing.length} things are not on record for this contact.`}</p>
        </div>
      </header>
      {rendered.missing.map((token, index) => (
        <Asked key={token.name} token={token} first={index === 0} value={answers[token.name] ?? ""} onChange={(value) => answer(token.name, value)} />
      ))}
      <Failure brief error={problem} />
      <Button type="submit" loading={busy}>
        Insert text
      </Button>
    </form>
  );
}

function Asked({ token, first, value, onChange }: { token: Token; first: boolean; value: string; onChange: (value: string) => void }) {
  const choices = token.kind === "boolean" ? ["yes", "no"] : token.choices;
  const focus = first ? { autoFocus: true } : {};
  if (choices.length > 0)
    return <NativeSelect {...focus} label={token.label} value={value} data={["", ...choices]} onChange={(event) => onChange(event.currentTarget.value)} />;
  return <TextInput {...focus} label={token.label} value={value} maxLength={400} autoComplete="off" onChange={(event) => onChange(event.currentTarget.value)} />;
}
