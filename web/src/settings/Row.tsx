// A thing with a name: renamed where it stands, removed after a second question.
import { ActionIcon, Button, TextInput, Tooltip } from "@mantine/core";
import { Pencil, Trash2 } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import styles from "./FieldsPage.module.css";

interface Props {
  name: string;
  /** What it is, for whoever hears the buttons. */
  what: string;
  children?: ReactNode;
  /** What goes with it. */
  warning: string;
  /** It is shown, and neither renamed nor removed. */
  locked?: boolean;
  onRename: (name: string) => Promise<unknown>;
  onRemove: () => Promise<unknown>;
}

export function Row({ name, what, children, warning, locked = false, onRename, onRemove }: Props) {
  const [mode, setMode] = useState<"shown" | "rename" | "remove">("shown");
  const [text, setText] = useState(name);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [last, setLast] = useState<"rename" | "remove" | null>(null);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (mode === "shown" && last) row.current?.querySelector<HTMLElement>(`[data-act=${last}]`)?.focus();
  }, [mode, last]);
  const ask = (next: "rename" | "remove") => {
    setText(name);
    setLast(next);
    setMode(next);
  };
  const close = () => {
    setProblem(null);
    setMode("shown");
  };
  const run = async (act: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await act();
      close();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const escape = (event: React.KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  if (mode === "rename")
    return (
      <form
        className={styles.row} onKeyDown={escape}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() && text.trim() !== name) void run(() => onRename(text.trim()));
          else close();
        }}
      >
        <TextInput size="sm" className={styles.grow} autoFocus aria-label={`Name of the ${what}`} value={text} maxLength={80} error={problem} onChange={(event) => setText(event.currentTarget.value)} />
        <Button type="submit" loading={busy}>
          Save
        </Button>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
      </form>
    );
  if (mode === "remove")
    return (
      <div className={styles.row} role="group" aria-label={`Remove ${name}?`} onKeyDown={escape}>
        <p className={styles.grow}>
          Remove <strong>{name}</strong>? {warning}
          {problem && (
            <span className={styles.problem} role="alert">
              {" "}
              {problem}
            </span>
          )}
        </p>
        <Button variant="default" onClick={close} autoFocus>
          Keep
        </Button>
        <Button className={styles.danger} loading={busy} onClick={() => void run(onRemove)}>
          Remove
        </Button>
      </div>
    );
  return (
    <div className={styles.row} ref={row}>
      <span className={styles.grow}>
        <strong>{name}</strong>
        {children}
      </span>
      {!locked && (
        <>
          <Tooltip label="Rename">
            <ActionIcon variant="subtle" size={34} data-act="rename" aria-label={`Rename the ${what} ${name}`} onClick={() => ask("rename")}>
              <Pencil size={15} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Remove">
            <ActionIcon variant="subtle" size={34} data-act="remove" aria-label={`Remove the ${what} ${name}`} onClick={() => ask("remove")}>
              <Trash2 size={15} />
            </ActionIcon>
          </Tooltip>
        </>
      )}
    </div>
  );
}
