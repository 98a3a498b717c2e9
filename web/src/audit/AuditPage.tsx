// Who did what, and when: the newest first, narrowed by person, kind and days, and as a file.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Download, ScrollText } from "lucide-react";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { Page } from "../parts/Page";
import { ShowMore } from "../parts/ShowMore";
import { membersQuery } from "../people/api";
import { SettingsTabs } from "../settings/SettingsTabs";
import { auditQuery, fileOf, type Entry, type Narrowed } from "./audit";
import styles from "./AuditPage.module.css";

export function AuditPage() {
  const refusal = useRefusal("read_audit");
  return (
    <Page title="Audit log" lead="Who did what in this workspace, and when. Nothing in it can be changed." width={980} beside={refusal === null && <Away />}>
      <SettingsTabs />
      {refusal ? <p className={styles.refusal}>{refusal}</p> : <Log />}
    </Page>
  );
}

function Away() {
  const narrowed = useSearch({ from: "/inside/settings/audit" });
  return (
    <Button component="a" href={fileOf(narrowed)} download variant="default" className={styles.away} leftSection={<Download size={16} aria-hidden="true" />}>
      Export
    </Button>
  );
}

function Log() {
  const narrowed = useSearch({ from: "/inside/settings/audit" });
  const found = useInfiniteQuery(auditQuery(narrowed));
  const pages = found.data?.pages ?? [];
  const entries = pages.flatMap((page) => page.entries);
  return (
    <>
      <Tools narrowed={narrowed} groups={pages[0]?.groups ?? []} />
      <Failure error={found.error} onAgain={() => void found.refetch()} />
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && entries.length === 0 && (
        <Nothing boxed icon={ScrollText} title="Nothing like that was done">
          <p>Choose somebody else, another kind, or other days.</p>
        </Nothing>
      )}
      {byDay(entries).map(([day, of]) => (
        <section key={day} className={styles.day} aria-label={day}>
          <h2>{day}</h2>
          <ol>
            {of.map((entry) => (
              <Line key={entry.id} entry={entry} />
            ))}
          </ol>
        </section>
      ))}
      <ShowMore of={found} />
    </>
  );
}

function Tools({ narrowed, groups }: { narrowed: Narrowed; groups: readonly { group: string; label: string }[] }) {
  const navigate = useNavigate();
  const colleagues = useQuery(membersQuery).data ?? [];
  const narrow = (change: Partial<Record<keyof Narrowed, string | number | undefined>>) =>
    void navigate({ to: "/settings/audit", replace: true, search: (now) => ({ ...now, ...change }) as Narrowed });
  return (
    <div className={styles.tools} role="search" aria-label="The log">
      <NativeSelect
        label="Who" value={String(narrowed.who ?? "")} onChange={(event) => narrow({ who: Number(event.currentTarget.value) || undefined })}
        data={[{ value: "", label: "Anybody" }, ...colleagues.map((one) => ({ value: String(one.member_id), label: one.name }))]}
      />
      <NativeSelect
        label="What" value={narrowed.what ?? ""} onChange={(event) => narrow({ what: event.currentTarget.value || undefined })}
        data={[{ value: "", label: "Everything" }, ...groups.map(({ group, label }) => ({ value: group, label }))]}
      />
      <TextInput type="date" label="From" value={narrowed.from ?? ""} {...(narrowed.to && { max: narrowed.to })} onChange={(event) => narrow({ from: event.currentTarget.value || undefined })} />
      <TextInput type="date" label="To" value={narrowed.to ?? ""} {...(narrowed.from && { min: narrowed.from })} onChange={(event) => narrow({ to: event.currentTarget.value || undefined })} />
    </div>
  );
}

function Line({ entry }: { entry: Entry }) {
  return (
    <li className={styles.line}>
      <time dateTime={entry.at}>{TIME.format(new Date(entry.at))}</time>
      <p>{entry.sentence}</p>
      <Lead entry={entry} />
    </li>
  );
}

function Lead({ entry }: { entry: Entry }) {
  if (entry.thread_id !== null)
    return (
      <Link to="/phone/sms/$threadId" params={{ threadId: String(entry.thread_id) }} aria-label={`Conversation: ${entry.sentence}`}>
        Conversation
      </Link>
    );
  if (entry.campaign_id !== null)
    return (
      <Link to="/sms/campaigns/$campaignId" params={{ campaignId: String(entry.campaign_id) }} aria-label={`Campaign: ${entry.sentence}`}>
        Campaign
      </Link>
    );
  if (entry.contact_id !== null)
    return (
      <Link to="/people/$contactId" params={{ contactId: String(entry.contact_id) }} aria-label={`Contact: ${entry.sentence}`}>
        Contact
      </Link>
    );
  return null;
}

const TIME = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-US", { weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** In their order, those of one day of the reader's calendar together. */
function byDay(entries: readonly Entry[]): [string, Entry[]][] {
  const days: [string, Entry[]][] = [];
  for (const entry of entries) {
    const day = DAY.format(new Date(entry.at));
    const last = days.at(-1);
    if (last?.[0] === day) last[1].push(entry);
    else days.push([day, [entry]]);
  }
  return days;
}
