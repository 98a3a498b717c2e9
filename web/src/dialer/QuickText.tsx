// A text during the call: in words or by a template, whose missing values are asked for.
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { Failure } from "../parts/Failure";
import type { May, Program, ScreenPop } from "./program";
import { isOptOut, missingOf, useQuick, useTemplates } from "./useQuick";
import styles from "./Dialer.module.css";

export function QuickText({ program, pop, may }: { program: Program; pop: ScreenPop; may: May }) {
  const templates = useTemplates(program);
  const [chosen, choose] = useState("");
  const [text, setText] = useState("");
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>({});
  const [acknowledged, acknowledge] = useState(false);
  const quick = useQuick(program, pop);
  const template = templates.data?.find((one) => String(one.template_id) === chosen);
  const missing = missingOf(quick.error);
  const needs = !may.allowed && (pop.opted_out || pop.held) || isOptOut(quick.error);
  const pick = (value: string) => {
    choose(value);
    setAnswers({});
    quick.reset();
  };
  const send = () =>
    quick.mutate(
      { what: template ? { template_id: template.template_id } : { text }, answers, acknowledged },
      { onSuccess: () => { setText(""); choose(""); setAnswers({}); } },
    );
  return (
    <form
      className={styles.quick} aria-label="Quick text"
      onSubmit={(event) => {
        event.preventDefault();
        if (!quick.isPending && (template || text.trim())) send();
      }}
    >
      <h3>Quick text</h3>
      <NativeSelect label="Template" value={chosen} data={[{ value: "", label: "None: in your own words" }, ...(templates.data ?? []).map((one) => ({ value: String(one.template_id), label: one.name }))]} onChange={(event) => pick(event.currentTarget.value)} />
      {template ? (
        <p className={styles.preview}>{template.body}</p>
      ) : (
        <Textarea label="Text" autosize minRows={2} maxRows={6} maxLength={1600} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      )}
      {missing.map((name) => (
        <TextInput key={name} label={`What to say for ${name.replaceAll("_", " ")}`} value={answers[name] ?? ""} onChange={(event) => setAnswers({ ...answers, [name]: event.currentTarget.value })} />
      ))}
      {needs && <Checkbox checked={acknowledged} onChange={(event) => acknowledge(event.currentTarget.checked)} label="I know that they may not want texts, and write as a person" />}
      <div className={styles.foot}>
        <Failure brief error={quick.error} />
        <p role="status" className={styles.done}>
          {quick.data && !quick.isPending ? `On its way: “${quick.data.body}”` : ""}
        </p>
        <Button type="submit" loading={quick.isPending} disabled={!template && !text.trim()}>
          Send text
        </Button>
      </div>
    </form>
  );
}
