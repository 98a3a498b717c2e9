// A list to choose from by typing and the arrows; the focus stays in the box where one types.
import { Search } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import styles from "./Chooser.module.css";

interface Props<T> {
  label: string;
  placeholder: string;
  query: string;
  onQuery: (query: string) => void;
  items: readonly T[];
  keyOf: (item: T) => number | string;
  onChoose: (item: T) => void;
  children: (item: T) => ReactNode;
  /** What to say where there is nothing to choose. */
  empty: ReactNode;
  busy?: boolean;
  /** The items of what was typed are still to come. */
  loading?: boolean;
}

export function Chooser<T>({ label, placeholder, query, onQuery, items, keyOf, onChoose, children, empty, busy = false, loading = false }: Props<T>) {
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [active, setActive] = useState(0);
  const at = Math.min(active, items.length - 1);
  useEffect(() => setActive(0), [query]);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const enterWaits = useRef(false); // for the items of what was typed: who types fast means the first of those
  useEffect(() => void (enterWaits.current = false), [query]);
  useEffect(() => {
    if (loading || !enterWaits.current) return;
    enterWaits.current = false;
    if (items[at] !== undefined) onChoose(items[at]);
  });
  const key = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (loading && event.key === "Enter") {
      enterWaits.current = true;
      event.preventDefault();
    }
    if (items.length === 0 || event.defaultPrevented) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const chosen = items[at];
    if (step !== 0) setActive((at + step + items.length) % items.length);
    else if (event.key === "Enter" && chosen !== undefined) onChoose(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className={styles.search}>
        <Search size={16} aria-hidden="true" />
        <input
          autoFocus data-autofocus role="combobox" aria-label={label} aria-expanded={items.length > 0} aria-controls={id} aria-autocomplete="list" aria-busy={busy || loading}
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined} placeholder={placeholder} value={query} autoComplete="off" spellCheck={false}
          onChange={(event) => onQuery(event.currentTarget.value)} onKeyDown={key}
        />
      </div>
      <ul ref={list} id={id} role="listbox" aria-label={label} className={styles.list} hidden={items.length === 0}>
        {items.map((item, index) => (
          <li
            key={keyOf(item)} id={`${id}-${index}`} role="option" aria-selected={index === at} className={styles.option}
            onPointerMove={() => setActive(index)} onPointerDown={(event) => event.preventDefault()} onClick={() => onChoose(item)}
          >
            {children(item)}
          </li>
        ))}
      </ul>
      {items.length === 0 && <div className={styles.empty}>{empty}</div>}
    </>
  );
}
