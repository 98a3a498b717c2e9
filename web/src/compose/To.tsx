// Whom a new message is for: type a name and choose, or type a number.
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { call } from "../api";
import { Avatar } from "../app/Avatar";
import { formatNumber } from "../text/people";
import type { Whom } from "./api";
import styles from "./To.module.css";

export interface Recipient {
  readonly whom: Whom;
  readonly name: string | null;
  readonly address: string;
}

interface Found {
  contact_id: number;
  name: string;
  phones: { address: string; invalid_code: string | null }[];
}

const SETTLE_MS = 180;
const SHOWN = 8;

const digits = (text: string): string => text.replace(/\D/g, "");
const isNumber = (text: string): boolean => /^[+\d\s()./\-]+$/.test(text.trim()) && digits(text).length >= 10;

function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export function To({ text, chosen, fault, onType, onChoose }: { text: string; chosen: Recipient | null; fault: string | null; onType: (text: string) => void; onChoose: (recipient: Recipient | null) => void }) {
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  const asked = useSettled(text.trim());
  const found = useQuery({
    queryKey: ["compose-to", asked],
    queryFn: ({ signal }) => call<{ rows: Found[] }>("POST", "/contacts/query", { q: asked, sort: "name", limit: SHOWN }, signal),
    enabled: chosen === null && asked.length > 0,
    select: (page) => page.rows.filter((row) => row.phones.length > 0),
    staleTime: 10_000,
  });
  const people: Recipient[] = (found.data ?? []).map((row) => {
    const phone = row.phones.find((one) => one.invalid_code === null) ?? row.phones[0];
    return { whom: { contact_id: row.contact_id }, name: row.name || null, address: phone?.address ?? "" };
  });
  const number: Recipient[] = isNumber(text) ? [{ whom: { to: text.trim() }, name: null, address: text.trim() }] : [];
  const known = number.length > 0 && people.some((one) => digits(one.address).endsWith(digits(text).slice(-10)));
  const options = chosen ? [] : [...(known ? [] : number), ...people];
  const [active, setActive] = useState(0);
  const at = Math.min(active, options.length - 1);
  useEffect(() => setActive(0), [text]);

  const choose = (one: Recipient | undefined) => {
    if (one) onChoose(one);
  };
  const key = (event: KeyboardEvent) => {
    if (options.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive((at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    } else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey && number.length > 0)) {
      event.preventDefault();
      choose(options[at]);
    }
  };

  if (chosen)
    return (
      <div className={styles.to}>
        <span className={styles.label}>To</span>
        <span className={styles.chip} data-testid="recipient">
          <Avatar name={chosen.name} seed={chosen.address} size={24} />
          <strong>{chosen.name ?? formatNumber(chosen.address)}</strong>
          {chosen.name && <span className="numeric">{formatNumber(chosen.address)}</span>}
          <button
            type="button" aria-label="Choose somebody else"
            onClick={() => {
              onChoose(null);
              requestAnimationFrame(() => box.current?.focus());
            }}
          >
            <X size={15} strokeWidth={2.2} aria-hidden="true" />
          </button>
        </span>
      </div>
    );
  return (
    <div className={styles.to}>
      <label htmlFor={id} className={styles.label}>
        To
      </label>
      <input
        ref={box} id={id} data-autofocus className={styles.input} role="combobox" aria-autocomplete="list" aria-expanded={options.length > 0} aria-controls={`${id}l`} aria-invalid={fault !== null}
        aria-activedescendant={options.length > 0 ? `${id}o${at}` : undefined} aria-describedby={fault ? `${id}f` : undefined} autoComplete="off" placeholder="A name or a number" value={text}
        onChange={(event) => onType(event.currentTarget.value)} onKeyDown={key}
      />
      {fault && (
        <p id={`${id}f`} className={styles.fault} role="alert">
          {fault}
        </p>
      )}
      <ul id={`${id}l`} role="listbox" aria-label="People" className={styles.list} hidden={options.length === 0}>
        {options.map((one, index) => (
          <li
            key={`${one.whom.contact_id ?? one.whom.to}`} id={`${id}o${index}`} role="option" aria-selected={index === at} onPointerMove={() => setActive(index)}
            onPointerDown={(event) => {
              event.preventDefault();
              choose(one);
            }}
          >
            <Avatar name={one.name} seed={one.address} size={36} />
            <span>
              <strong>{one.name ?? `Text ${formatNumber(one.address)}`}</strong>
              {one.name && <span className="numeric">{formatNumber(one.address)}</span>}
            </span>
          </li>
        ))}
      </ul>
      {asked !== "" && found.isSuccess && asked === text.trim() && options.length === 0 && <p className={styles.none}>Nobody is called that. Type a whole number to text it.</p>}
    </div>
  );
}
