import { Popover } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { Chooser } from "./Chooser";
import { recentQuery, searchQuery, type Person } from "./recipients";
import styles from "./RecipientChoice.module.css";

/** Whom the preview is for. */
export function RecipientChoice({ person, onChoose }: { person: Person | undefined; onChoose: (person: Person) => void }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" offset={6} width={300} trapFocus returnFocus middlewares={{ shift: { padding: 10 }, flip: true, size: false }}>
      <Popover.Target>
        <button type="button" className={styles.button} onClick={() => setOpened(!opened)} aria-expanded={opened}>
          <span>
            For <strong>{person?.name ?? "nobody yet"}</strong>
          </span>
          <ChevronDown size={15} aria-hidden="true" />
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.panel} aria-label="Whom the preview is for">
        <People
          onChoose={(chosen) => {
            setOpened(false);
            onChoose(chosen);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function People({ onChoose }: { onChoose: (person: Person) => void }) {
  const [query, setQuery] = useState("");
  const [asked] = useDebouncedValue(query.trim(), 150);
  const found = useQuery({ ...(asked ? searchQuery(asked) : recentQuery), placeholderData: keepPreviousData });
  return (
    <Chooser
      label="Find a contact" placeholder="Find a contact" query={query} onQuery={setQuery} items={found.data ?? []} keyOf={(one) => one.key} onChoose={onChoose} loading={found.isPending || found.isPlaceholderData}
      empty={found.isError ? found.error.message : found.isPending ? "Loading…" : "Nobody is called that."}
    >
      {(one) => (
        <span className={styles.row}>
          <strong>{one.name}</strong>
          {one.name !== one.number && <small className="numeric">{one.number}</small>}
        </span>
      )}
    </Chooser>
  );
}
