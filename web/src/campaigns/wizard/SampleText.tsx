// The text as one of them will read it: any of the audience, the longest, the shortest, those who lack a value.
import { Popover } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { Phone } from "../../bulk/PhonePreview";
import { Failure } from "../../parts/Failure";
import { Chooser } from "../../templates/Chooser";
import { formatNumber } from "../../text/people";
import { peopleQuery, sampleQuery, type Person } from "../drafts";
import { letter } from "./shares";
import type { StepProps } from "./step";
import { TestSend } from "./TestSend";
import styles from "./Message.module.css";

export function SampleText({ drafting, survey }: StepProps) {
  const { draft, version, saving } = drafting;
  const [chosen, choose] = useState<number | null>(null);
  const [variant, setVariant] = useState(0);
  const { variants } = draft.plan;
  const at = Math.min(variant, variants.length - 1);
  const first = useQuery({ ...peopleQuery(draft.id, version, ""), enabled: survey?.found !== null && survey !== undefined });
  const contact = chosen ?? first.data?.find((one) => one.excluded === null)?.contact_id ?? first.data?.[0]?.contact_id ?? null;
  const written = variants.some((one) => one.body.trim() !== "");
  // Only of what is saved: a text that was just added is not there yet, and one that was taken out still is.
  const shown = useQuery({ ...sampleQuery(draft.id, version, contact ?? 0, at), enabled: contact !== null && written && saving === "saved" });
  const found = survey?.found;
  const lacking = found?.missing[found.missing.indexOf(contact ?? -1) + 1] ?? found?.missing[0];
  return (
    <section className={styles.sample} aria-label="Preview">
      <div className={styles.whose}>
        <Whom drafting={drafting} name={shown.data ? (shown.data.name ?? "a number") : null} onChoose={choose} />
        {variants.length > 1 && (
          <div className={styles.which} role="group" aria-label="Which text">
            {variants.map((_, index) => (
              <button key={index} type="button" aria-pressed={index === at} aria-label={`Text ${letter(index)}`} onClick={() => setVariant(index)}>
                {letter(index)}
              </button>
            ))}
          </div>
        )}
      </div>
      <Phone shown={written && contact !== null ? shown.data : undefined} empty={written ? "Choose an audience first: then you see how it reads for each of them." : "What you write shows up here as each of them will read it."} />
      <Failure brief error={shown.error} />
      {found && (
        <div className={styles.jumps}>
          {found.longest !== null && <Jump label="Longest" to={found.longest} at={contact} go={choose} />}
          {found.shortest !== null && found.shortest !== found.longest && <Jump label="Shortest" to={found.shortest} at={contact} go={choose} />}
          {lacking !== undefined && <Jump label="Lacks a value" to={lacking} at={contact} go={choose} />}
        </div>
      )}
      <TestSend drafting={drafting} contact={contact} variant={at} written={(variants[at]?.body ?? "").trim() !== ""} />
    </section>
  );
}

function Jump({ label, to, at, go }: { label: string; to: number; at: number | null; go: (contact: number) => void }) {
  return (
    <button type="button" aria-pressed={at === to} onClick={() => go(to)}>
      {label}
    </button>
  );
}

function Whom({ drafting, name, onChoose }: Pick<StepProps, "drafting"> & { name: string | null; onChoose: (contact: number) => void }) {
  const [opened, setOpened] = useState(false);
  const [query, setQuery] = useState("");
  const [asked] = useDebouncedValue(query.trim(), 150);
  const found = useQuery({ ...peopleQuery(drafting.draft.id, drafting.version, asked), enabled: opened });
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" offset={6} width={300} trapFocus returnFocus middlewares={{ shift: { padding: 10 }, flip: true, size: false }}>
      <Popover.Target>
        <button type="button" className={styles.whom} onClick={() => setOpened(!opened)} aria-expanded={opened}>
          <span>
            As <strong>{name ?? "nobody yet"}</strong> reads it
          </span>
          <ChevronDown size={15} aria-hidden="true" />
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.panel} aria-label="Recipients">
        <Chooser<Person>
          label="Find a recipient" placeholder="Find a recipient" query={query} onQuery={setQuery} items={found.data ?? []} keyOf={(one) => one.contact_id} loading={found.isPending}
          empty={found.isError ? found.error.message : found.isPending ? "Loading…" : "Nobody in the audience is called that."}
          onChoose={(one) => {
            onChoose(one.contact_id);
            setOpened(false);
            setQuery("");
          }}
        >
          {(one) => (
            <span className={styles.option}>
              <strong>{one.name ?? (one.address ? formatNumber(one.address) : "Unnamed")}</strong>
              <small className="numeric">{one.sentence ?? (one.address ? formatNumber(one.address) : "")}</small>
            </span>
          )}
        </Chooser>
      </Popover.Dropdown>
    </Popover>
  );
}
