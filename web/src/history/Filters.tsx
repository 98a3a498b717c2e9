// What History is narrowed by. It stands in the address, so that a search can be kept, shared and come back to.
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Search, SlidersHorizontal, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useSession } from "../app/session";
import { isTyping } from "../app/Shortcuts";
import { membersQuery } from "../people/api";
import { numbersQuery, whoseNumber } from "../filters/numbers";
import { usePageKeys } from "../parts/usePageKeys";
import { formatNumber } from "../text/people";
import { askedOf, campaignsOfHistory, DIRECTIONS, KINDS, STATUSES, type Asked } from "./api";
import styles from "./HistoryPage.module.css";

const TYPING_MS = 250;
const LONGEST = 200;

const options = (any: string, all: readonly { value: string; label: string }[]) => [{ value: "", label: any }, ...all];
const worded = (words: Record<string, string>) => Object.entries(words).map(([value, label]) => ({ value, label }));

const ofKind = (value: string) => (value in DIRECTIONS ? { direction: value } : { kind: value || undefined });

export function Filters({ asked }: { asked: Asked }) {
  const navigate = useNavigate();
  const narrow = (change: Record<string, string | number | undefined>) =>
    void navigate({ to: "/phone/sms/history", replace: true, search: (now) => askedOf({ ...now, ...change }) });
  const [opened, setOpened] = useState(false);
  const members = useQuery(membersQuery).data ?? [];
  const numbers = useQuery(numbersQuery).data?.numbers ?? [];
  const me = useSession().member.id;
  const campaigns = useQuery(campaignsOfHistory).data?.rows ?? [];
  const { q, ...others } = asked;
  const set = Object.values(others).filter((value) => value !== undefined).length;
  const id = (value: string) => (value === "" ? undefined : Number(value));
  return (
    <div className={styles.tools} role="search" aria-label="History">
      <Words q={q ?? ""} onWords={(words) => narrow({ q: words })} />
      <button type="button" className={styles.more} aria-expanded={opened} aria-controls="history-filters" onClick={() => setOpened(!opened)}>
        <SlidersHorizontal size={16} aria-hidden="true" />
        Filters{set > 0 && ` (${set})`}
      </button>
      <div id="history-filters" className={styles.filters} data-opened={opened}>
        <label className={styles.day_field}>
          <span>From</span>
          <input type="date" value={asked.from ?? ""} max={asked.to} onChange={(event) => narrow({ from: event.currentTarget.value || undefined })} />
        </label>
        <label className={styles.day_field}>
          <span>To</span>
          <input type="date" value={asked.to ?? ""} min={asked.from} onChange={(event) => narrow({ to: event.currentTarget.value || undefined })} />
        </label>
        <NativeSelect
          aria-label="Kind" value={asked.direction ?? asked.kind ?? ""} data={options("Texts and notes", worded({ text: KINDS.text, ...DIRECTIONS, note: KINDS.note }))}
          onChange={(event) => narrow({ direction: undefined, kind: undefined, ...ofKind(event.currentTarget.value) })}
        />
        <NativeSelect aria-label="Status" value={asked.status ?? ""} data={options("Any status", worded(STATUSES))} onChange={(event) => narrow({ status: event.currentTarget.value || undefined })} />
        <NativeSelect
          aria-label="Our number" value={asked.number ?? ""} onChange={(event) => narrow({ number: id(event.currentTarget.value) })}
          data={options("All our numbers", numbers.map((one) => ({ value: String(one.number_id), label: [one.label, formatNumber(one.address), whoseNumber(one, me)].filter(Boolean).join(" · ") })))}
        />
        <NativeSelect
          aria-label="Written by" value={asked.agent ?? ""} onChange={(event) => narrow({ agent: id(event.currentTarget.value) })}
          data={options("Anybody's", members.map((one) => ({ value: String(one.member_id), label: one.name })))}
        />
        <NativeSelect
          aria-label="Campaign" value={asked.campaign ?? ""} onChange={(event) => narrow({ campaign: id(event.currentTarget.value) })}
          data={options("Any campaign", withChosen(campaigns, asked.campaign))}
        />
        {set > 0 && (
          <button type="button" className={styles.clear} onClick={() => void navigate({ to: "/phone/sms/history", replace: true, search: q === undefined ? {} : { q } })}>
            <X size={14} aria-hidden="true" />
            Clear filters
          </button>
        )}
      </div>
    </div>
  );
}

function withChosen(campaigns: readonly { id: number; name: string }[], chosen: number | undefined) {
  const listed = campaigns.map((one) => ({ value: String(one.id), label: one.name }));
  const there = chosen === undefined || campaigns.some((one) => one.id === chosen);
  return there ? listed : [...listed, { value: String(chosen), label: `Number ${chosen}` }];
}

/** Asked for a moment after the last letter; the address follows. */
function Words({ q, onWords }: { q: string; onWords: (words: string | undefined) => void }) {
  const [typed, type] = useState(q);
  const asked = useRef(q);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (q !== asked.current) type(q); // cleared, or another address
    asked.current = q;
  }, [q]);
  useEffect(() => {
    const words = typed.trim();
    if (words === asked.current) return;
    const later = setTimeout(() => {
      asked.current = words;
      onWords(words || undefined);
    }, TYPING_MS);
    return () => clearTimeout(later);
  }, [typed]); // eslint-disable-line
  usePageKeys((event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
    event.preventDefault();
    box.current?.focus();
  });
  return (
    <TextInput
      ref={box} className={styles.search} type="search" aria-label="Search all texts" placeholder="Search texts and notes, “in quotes” for a phrase" autoComplete="off" maxLength={LONGEST}
      leftSection={<Search size={16} aria-hidden="true" />} value={typed} onChange={(event) => type(event.currentTarget.value)}
    />
  );
}
