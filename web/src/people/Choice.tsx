import { NativeSelect } from "@mantine/core";
import { useId, useState } from "react";
import styles from "./InPlace.module.css";

interface Props {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onSave: (value: string) => Promise<void>;
}

/** Like a value in place, for one of a list. */
export function Choice({ label, value, options, onSave }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const gone = value !== "" && !options.some((one) => one.value === value);
  return (
    <div className={styles.chosen}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <NativeSelect
        id={id} size="sm" value={value} error={problem} disabled={busy} data={[...options, ...(gone ? [{ value, label: value }] : [])]}
        onChange={(event) => {
          setBusy(true);
          setProblem(null);
          onSave(event.currentTarget.value)
            .catch((error: Error) => setProblem(error.message))
            .finally(() => setBusy(false));
        }}
      />
    </div>
  );
}
