// People who were picked one by one: searched for here, or selected in People.
import { Popover } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { contactQuery } from "../../people/api";
import { amount, titleOf } from "../../people/rows";
import { Chooser } from "../../templates/Chooser";
import { searchQuery } from "../../templates/recipients";
import styles from "./Audience.module.css";

const SHOWN = 12; // the others are told as a number

export function Picked({ ids, onChange }: { ids: readonly number[]; onChange: (ids: number[]) => void }) {
  const newest = ids.slice(-SHOWN).reverse();
  const found = useQueries({ queries: newest.map((id) => ({ ...contactQuery(id), refetchInterval: false as const, refetchOnWindowFocus: false as const })) });
  return (
    <fieldset className={styles.set}>
      <legend>
        Picked people
        {ids.length > 0 && <span className={styles.used}>{amount(ids.length)}</span>}
      </legend>
      <div className={styles.choices}>
        <Pick onPick={(id) => !ids.includes(id) && onChange([...ids, id])} />
        {newest.map((id, index) => {
          const contact = found[index]?.data;
          const name = contact ? titleOf(contact) : found[index]?.isError ? "(removed)" : "…";
          return (
            <span key={id} className={styles.person}>
              <span>{name}</span>
              <button type="button" aria-label={`Take out ${name}`} onClick={() => onChange(ids.filter((one) => one !== id))}>
                <X size={14} aria-hidden="true" />
              </button>
            </span>
          );
        })}
        {ids.length > SHOWN && <p>and {amount(ids.length - SHOWN)} more</p>}
      </div>
    </fieldset>
  );
}

function Pick({ onPick }: { onPick: (id: number) => void }) {
  const [opened, setOpened] = useState(false);
  const [query, setQuery] = useState("");
  const [asked] = useDebouncedValue(query.trim(), 150);
  const found = useQuery(searchQuery(asked));
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" offset={6} width={300} trapFocus returnFocus middlewares={{ shift: { padding: 10 }, flip: true, size: false }}>
      <Popover.Target>
        <button type="button" className={styles.pick} onClick={() => setOpened(!opened)} aria-expanded={opened}>
          <Plus size={15} aria-hidden="true" /> Add a person
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.panel} aria-label="People">
        <Chooser
          label="Find a person" placeholder="A name or a number" query={query} onQuery={setQuery} items={found.data ?? []} keyOf={(one) => one.key} loading={found.isPending}
          empty={found.isError ? found.error.message : found.isPending ? "Loading…" : "Nobody is called that."}
          onChoose={(one) => {
            if (one.contactId !== undefined) onPick(one.contactId);
            setOpened(false);
            setQuery("");
          }}
        >
          {(one) => (
            <span className={styles.option}>
              <strong>{one.name}</strong>
              {one.name !== one.number && <small className="numeric">{one.number}</small>}
            </span>
          )}
        </Chooser>
      </Popover.Dropdown>
    </Popover>
  );
}
