// The three decisions on a text. What only the contact could undo is asked once more; nothing here can be taken back.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, Ban, PhoneOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { api, Problem } from "../api";
import type { ReviewOut } from "../gen/wire";
import { Failure } from "../parts/Failure";
import { nameOrNumber } from "../text/people";
import { CHOICES, forgetReviews, type Decision } from "./review";
import styles from "./Decisions.module.css";

const ICONS = { opted_out: Ban, not_a_revocation: ArrowRight, wrong_number: PhoneOff } as const;

interface Props {
  review: ReviewOut;
  /** Without what each decision does, where there is little room. */
  brief?: boolean;
  onDecided?: (said: string) => void;
}

export function Decisions({ review, brief = false, onDecided }: Props) {
  const queries = useQueryClient();
  const [asked, ask] = useState<Decision | null>(null);
  const choices = useRef<HTMLDivElement>(null);
  const deciding = useMutation({
    mutationFn: (decision: Decision) => api.decide(review.id, decision),
    onSuccess: (decided) => onDecided?.(`${nameOrNumber(decided)}: ${CHOICES.find((one) => one.decision === decided.decision)?.title ?? ""}`),
    onError: (error) => {
      if (error instanceof Problem && error.status === 409) onDecided?.(error.detail);
      ask(null);
    },
    onSettled: () => forgetReviews(queries),
  });
  const choose = (decision: Decision, confirm: boolean) => (confirm ? ask(decision) : deciding.mutate(decision));
  const back = () => {
    const to = asked;
    ask(null);
    requestAnimationFrame(() => choices.current?.querySelector<HTMLElement>(`[data-decision=${to}]`)?.focus());
  };
  const step = CHOICES.find((one) => one.decision === asked)?.confirm;
  if (asked && step)
    return <Confirm question={step.question(nameOrNumber(review))} button={step.button} busy={deciding.isPending} onYes={() => deciding.mutate(asked)} onNo={back} />;
  return (
    <div className={styles.choices} data-brief={brief} role="group" aria-label="Decide" ref={choices}>
      {CHOICES.map(({ decision, title, does, confirm }) => {
        const Icon = ICONS[decision];
        return (
          <button key={decision} type="button" data-decision={decision} disabled={deciding.isPending} onClick={() => choose(decision, confirm !== null)}>
            <Icon size={16} strokeWidth={2} aria-hidden="true" />
            <span>
              <strong>{title}</strong>
              {!brief && <span>{does}</span>}
            </span>
          </button>
        );
      })}
      <Failure brief error={deciding.error} />
    </div>
  );
}

function Confirm({ question, button, busy, onYes, onNo }: { question: string; button: string; busy: boolean; onYes: () => void; onNo: () => void }) {
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => yes.current?.focus(), []);
  return (
    <div
      className={styles.confirm} role="group" aria-label={question}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onNo();
      }}
    >
      <p>{question}</p>
      <span>
        <Button size="sm" variant="default" onClick={onNo} disabled={busy}>
          Back
        </Button>
        <Button size="sm" ref={yes} className={styles.yes} onClick={onYes} loading={busy}>
          {button}
        </Button>
      </span>
    </div>
  );
}
