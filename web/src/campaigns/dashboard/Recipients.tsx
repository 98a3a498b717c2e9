// Everybody of a campaign's snapshot: what became of the text, and what they did. What is shown is what is exported.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useEffect, useState } from "react";
import { WHICH } from "../../bulk/bulk";
import { Status, Who } from "../../bulk/Outcome";
import type { CampaignOut } from "../../gen/wire";
import { Failure } from "../../parts/Failure";
import { ShowMore } from "../../parts/ShowMore";
import { clockTime, fullTime, rowTime } from "../../text/time";
import { useToday } from "../../text/useToday";
import { exportPath, recipientsQuery, type Narrowed, type Recipient } from "../api";
import { letter } from "../wizard/shares";
import styles from "./Recipients.module.css";

const TYPING_MS = 250;
const SHOWN = [
  ...WHICH.map(({ value, label }) => ({ value: value === "wired" ? "sent" : (value as string), label: value === "wired" ? "Sent, no receipt yet" : label })),
  { value: "replied", label: "Replied" },
  { value: "opted_out", label: "Opted out" },
  { value: "clicked", label: "Clicked" },
];

export function Recipients({ one, variants }: { one: CampaignOut; variants: number }) {
  const { narrowed, narrow } = useNarrowed();
  const found = useInfiniteQuery(recipientsQuery(one.id, narrowed));
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <section className={styles.recipients} aria-labelledby="recipients">
      <header>
        <h2 id="recipients">Recipients</h2>
        <Search value={narrowed.q} onChange={(q) => narrow({ ...narrowed, q })} />
        <NativeSelect aria-label="Show" value={narrowed.state} data={SHOWN} onChange={(event) => narrow({ ...narrowed, state: event.currentTarget.value })} />
        <Button component="a" href={exportPath(one.id, narrowed)} variant="default" leftSection={<Download size={16} aria-hidden="true" />}>
          Export
        </Button>
      </header>
      <Failure error={found.error} />
      {found.data && rows.length === 0 && <p className={styles.none}>Nobody here.</p>}
      {rows.length > 0 && <Table rows={rows} several={variants > 1} />}
      <ShowMore of={found} />
    </section>
  );
}

/** In the address, so that going back finds it again. */
function useNarrowed() {
  const from = "/inside/sms/campaigns/$campaignId";
  const search = useSearch({ from });
  const navigate = useNavigate({ from: "/sms/campaigns/$campaignId" });
  const narrowed: Narrowed = { state: search.show ?? "", q: search.q ?? "" };
  const narrow = ({ state, q }: Narrowed) => void navigate({ replace: true, search: { ...(state && { show: state }), ...(q && { q }) } });
  return { narrowed, narrow };
}

function Search({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const [text, setText] = useState(value);
  const [settled] = useDebouncedValue(text, TYPING_MS);
  useEffect(() => {
    if (settled !== value) onChange(settled);
    // Only what was typed moves the list; what the address says came from here.
  }, [settled]);
  return <TextInput type="search" className={styles.search} aria-label="Find recipients" placeholder="Name or number" maxLength={200} value={text} onChange={(event) => setText(event.currentTarget.value)} />;
}

function Table({ rows, several }: { rows: readonly Recipient[]; several: boolean }) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Recipient</th>
          <th scope="col">Status</th>
          <th scope="col">Replied</th>
          <th scope="col">Opted out</th>
          <th scope="col">Clicked</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.ord} data-recipient={row.ord}>
            <td>
              <Who row={row} />
            </td>
            <td>
              <Status row={row} />
              {several && row.state !== "excluded" && <small className={styles.variant}>Text {letter(row.variant)}</small>}
              {row.reason && <span className={styles.reason}>{row.reason}</span>}
            </td>
            <When label="Replied" at={row.replied_at} />
            <When label="Opted out" at={row.opted_out_at} />
            <When label="Clicked" at={row.clicked_at} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function When({ label, at }: { label: string; at: string | null }) {
  const now = useToday();
  if (at === null) return <td className={styles.never} />;
  const date = new Date(at);
  const day = rowTime(date, now);
  return (
    <td data-when={label}>
      <span className={styles.label} aria-hidden="true">{label} </span>
      <time dateTime={at} title={fullTime(date)}>
        {day === clockTime(date) ? day : `${day}, ${clockTime(date)}`}
      </time>
    </td>
  );
}
