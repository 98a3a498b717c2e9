// A value that becomes its own input when it is clicked. Enter or leaving saves, Escape takes it back.
import { TextInput } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import styles from "./InPlace.module.css";

interface Props {
  label: string;
  value: string;
  /** What is shown instead of the value, where that reads better: a date in words, say. */
  shown?: string;
  placeholder?: string;
  type?: "text" | "email" | "date" | "number";
  /** The one of the moment in which the editing began is called: it knows what the person saw then. */
  onSave: (value: string) => Promise<void>;
}

export function InPlace({ label, value, shown, placeholder = "Add", type = "text", onSave }: Props) {
  const [writing, write] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const back = useRef(false);
  const begun = useRef({ value, onSave });
  const id = useId();
  useEffect(() => {
    if (writing === null && back.current) button.current?.focus();
    back.current = false;
  }, [writing]);
  const open = () => {
    begun.current = { value, onSave };
    write(value);
  };
  const close = (focus: boolean) => {
    back.current = focus;
    setProblem(null);
    write(null);
  };
  const save = async (focus: boolean) => {
    if (writing === null || busy) return;
    if (writing.trim() === begun.current.value) return close(focus);
    setBusy(true);
    try {
      await begun.current.onSave(writing.trim());
      close(focus);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  if (writing === null)
    return (
      <button ref={button} type="button" className={styles.field} data-empty={value === "" || undefined} onClick={open} aria-labelledby={`${id}-label ${id}-value`}>
        <span id={`${id}-label`} className={styles.label}>
          {label}
        </span>
        <span id={`${id}-value`} className={styles.value}>
          {value === "" ? placeholder : (shown ?? value)}
        </span>
      </button>
    );
  return (
    <div className={styles.open}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <TextInput
        id={id} size="sm" autoFocus type={type === "date" ? "date" : "text"} inputMode={type === "number" ? "decimal" : type === "email" ? "email" : undefined} autoComplete="off"
        value={writing} error={problem} disabled={busy} onChange={(event) => write(event.currentTarget.value)} onFocus={(event) => event.currentTarget.type !== "date" && event.currentTarget.select()}
        onBlur={() => void save(false)}
        onKeyDown={(event) => {
          if (event.key === "Enter") void save(true);
          if (event.key !== "Escape") return;
          event.preventDefault();
          close(true);
        }}
      />
    </div>
  );
}
