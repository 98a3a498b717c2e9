import { Button, TextInput } from "@mantine/core";
import { Plus } from "lucide-react";
import { useState } from "react";
import styles from "./FieldsPage.module.css";

/** One line that adds a thing by its name, and is ready for the next one. */
export function AddName({ label, placeholder, button, onAdd }: { label: string; placeholder: string; button: string; onAdd: (name: string) => Promise<unknown> }) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await onAdd(name.trim());
      setName("");
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={styles.add}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() && !busy) void add();
      }}
    >
      <TextInput size="sm" className={styles.grow} aria-label={label} placeholder={placeholder} value={name} maxLength={80} autoComplete="off" error={problem} onChange={(event) => setName(event.currentTarget.value)} />
      <Button type="submit" variant="default" leftSection={<Plus size={15} aria-hidden="true" />} disabled={!name.trim()} loading={busy}>
        {button}
      </Button>
    </form>
  );
}
