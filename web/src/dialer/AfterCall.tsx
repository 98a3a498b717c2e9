// After hanging up: how it ended, and the follow-up with one click.
import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Send } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Failure } from "../parts/Failure";
import { formatNumber } from "../text/people";
import { MayLine } from "./MayLine";
import type { Disposition, Ended, Program, ScreenPop } from "./program";
import { missingOf, useQuick, useTemplates } from "./useQuick";
import { DISPOSITIONS } from "./words";
import styles from "./Dialer.module.css";

const FOLLOW_UP = "dialer-follow-up"; // which template is sent, until another is chosen

interface Props {
  program: Program;
  pop: ScreenPop;
  seconds: number;
  onDone: () => void;
}

export function AfterCall({ program, pop, seconds, onDone }: Props) {
  const name = pop.contact?.name || formatNumber(pop.address);
  const [note, setNote] = useState("");
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  const ending = useMutation({
    mutationFn: (disposition: Disposition) => program.ask<Ended>("POST", "/dialer/calls/end", { call_id: pop.call_id, disposition, duration_s: seconds, note }),
  });
  const chosen = DISPOSITIONS.find((one) => one.value === ending.variables);
  const may = ending.data?.may_text ?? pop.may_text;
  return (
    <section className={styles.card} aria-label={`After the call with ${name}`}>
      <div className={styles.callHead}>
        <div className={styles.grow}>
          <h2 ref={head} tabIndex={-1}>
            {name}
          </h2>
          <p className={styles.small}>The call is over.</p>
        </div>
        <Button variant="default" onClick={onDone}>
          Next call
        </Button>
      </div>
      <h3>How did it end?</h3>
      <div className={styles.ends} role="group" aria-label="How did it end?">
        {DISPOSITIONS.map(({ value, label, grave }) => (
          <button key={value} type="button" data-grave={grave || undefined} aria-pressed={ending.isSuccess && ending.variables === value} disabled={ending.isPending || ending.data?.suppressed} onClick={() => ending.mutate(value)}>
            {label}
          </button>
        ))}
      </div>
      <Textarea label="Note" description="Say it before you choose how it ended." autosize minRows={1} maxRows={5} maxLength={2000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
      <Failure brief error={ending.error} />
      <p role="status" className={styles.done}>
        {ending.data && (ending.data.suppressed ? `${chosen?.label ?? "Done"}: nothing more is sent to ${name}.` : `Noted: ${chosen?.label.toLowerCase() ?? ""}.`)}
      </p>
      {!may.allowed && <MayLine what="Text" may={may} />}
      {may.allowed && <FollowUp program={program} pop={pop} />}
    </section>
  );
}

function FollowUp({ program, pop }: { program: Program; pop: ScreenPop }) {
  const templates = useTemplates(program);
  const [kept, keep] = useState(() => sessionStorage.getItem(FOLLOW_UP) ?? "");
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>({});
  const quick = useQuick(program, pop);
  const template = templates.data?.find((one) => String(one.template_id) === kept) ?? templates.data?.[0];
  if (!template) return <Failure brief error={templates.error} />;
  const pick = (value: string) => {
    sessionStorage.setItem(FOLLOW_UP, value);
    keep(value);
    setAnswers({});
    quick.reset();
  };
  return (
    <div className={styles.quick}>
      <h3>Follow-up</h3>
      <NativeSelect label="Template" value={String(template.template_id)} data={(templates.data ?? []).map((one) => ({ value: String(one.template_id), label: one.name }))} onChange={(event) => pick(event.currentTarget.value)} />
      <p className={styles.preview}>{template.body}</p>
      {missingOf(quick.error).map((name) => (
        <TextInput key={name} label={`What to say for ${name.replaceAll("_", " ")}`} value={answers[name] ?? ""} onChange={(event) => setAnswers({ ...answers, [name]: event.currentTarget.value })} />
      ))}
      <div className={styles.foot}>
        <Failure brief error={quick.error} />
        <p role="status" className={styles.done}>
          {quick.data && !quick.isPending ? `On its way: “${quick.data.body}”` : ""}
        </p>
        <Button leftSection={<Send size={15} aria-hidden="true" />} loading={quick.isPending} disabled={quick.isSuccess} onClick={() => quick.mutate({ what: { template_id: template.template_id }, answers })}>
          Send “{template.name}”
        </Button>
      </div>
    </div>
  );
}
