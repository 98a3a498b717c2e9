// One text to many while it goes out and afterwards: how far it is, what became of each, and the way to take it back.
import { Button, NativeSelect } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronLeft, Download, Undo2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Problem } from "../api";
import type { BulkOut } from "../gen/wire";
import { useBulk } from "../live/hooks";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { ShowMore } from "../parts/ShowMore";
import { Sure } from "../parts/Sure";
import { amount, people } from "../people/rows";
import { fullTime } from "../text/time";
import { bulkQuery, failedOf, forgetRecipients, openOf, recall, recipientsOf, recipientsQuery, stateOf, WHICH, type Recipient, type Which } from "./bulk";
import { Status, Who } from "./Outcome";
import { Progress } from "./Progress";
import styles from "./BulkPage.module.css";

const WIDTH = 980; // px: three columns of recipients
const AGAIN_MS = 2_000; // of the list while texts go out: the figures above it are live

export function BulkPage() {
  const { bulkId } = useParams({ from: "/inside/bulk/$bulkId" });
  const id = Number(bulkId);
  const live = useBulk(id);
  const read = useQuery(bulkQuery(id));
  const bulk = live ?? read.data;
  if (read.error instanceof Problem && read.error.status === 404) return <NotThere />;
  return (
    <Page width={WIDTH} back={<Back />} title={bulk?.name ?? "Bulk text"} beside={bulk && <Standing bulk={bulk} />} lead={bulk && <Launched bulk={bulk} />}>
      <Failure error={read.error} />
      {!bulk && read.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {bulk && bulk.body !== bulk.name && <blockquote className={styles.body}>{bulk.body}</blockquote>}
      {bulk && <Figures bulk={bulk} />}
      {bulk && <Recipients bulk={bulk} />}
    </Page>
  );
}

function NotThere() {
  return (
    <Page
      width={WIDTH} title="There is no such text"
      lead={
        <>
          It may belong to another workspace. All of yours are under <Link to="/bulk">Bulk texts</Link>.
        </>
      }
    />
  );
}

function Back() {
  return (
    <Link to="/bulk">
      <ChevronLeft size={16} aria-hidden="true" /> Bulk texts
    </Link>
  );
}

function Standing({ bulk }: { bulk: BulkOut }) {
  return (
    <>
      <span className={styles.state} data-state={bulk.state} role="status">
        {stateOf(bulk)}
      </span>
      {openOf(bulk) > 0 && bulk.state === "active" && <Recall bulk={bulk} />}
    </>
  );
}

function Launched({ bulk }: { bulk: BulkOut }) {
  return (
    <>
      {bulk.author ? `${bulk.author}, ` : ""}
      <time dateTime={bulk.launched_at}>{fullTime(new Date(bulk.launched_at))}</time>
    </>
  );
}

function Recall({ bulk }: { bulk: BulkOut }) {
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const recalling = useMutation({
    mutationFn: () => recall(bulk.id),
    onSuccess: async (now) => {
      queries.setQueryData(bulkQuery(bulk.id).queryKey, now);
      ask(false);
      await forgetRecipients(queries, bulk.id);
    },
  });
  return (
    <>
      <Button variant="default" color="clay" className={styles.recall} leftSection={<Undo2 size={16} aria-hidden="true" />} onClick={() => ask(true)}>
        Recall
      </Button>
      <Sure
        opened={asking} title="Recall this text?" no="Keep sending" yes="Recall it" busy={recalling.isPending} error={recalling.error}
        onNo={() => ask(false)} onYes={() => recalling.mutate()}
      >
        {people(openOf(bulk))} {openOf(bulk) === 1 ? "has" : "have"} not got it yet, and will not. What has left already cannot be taken back.
      </Sure>
    </>
  );
}

function Figures({ bulk }: { bulk: BulkOut }) {
  const facts = [
    { label: "Recipients", value: recipientsOf(bulk), note: bulk.excluded > 0 ? `${amount(bulk.excluded)} left out` : "" },
    { label: "Sent", value: bulk.wired, note: bulk.segments > 0 ? `${amount(bulk.segments)} segments` : "" },
    { label: "Delivered", value: bulk.delivered, note: "" },
    { label: "Failed", value: failedOf(bulk), note: bulk.unconfirmed > 0 ? `${amount(bulk.unconfirmed)} not confirmed` : "" },
    { label: "Skipped", value: bulk.skipped, note: "" },
    { label: "To go", value: openOf(bulk), note: "" },
  ];
  return (
    <section aria-label="Progress" className={styles.figures}>
      <Progress bulk={bulk} />
      <dl>
        {facts.map(({ label, value, note }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd data-figure={label}>{amount(value)}</dd>
            <dd className={styles.note}>{note}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Recipients({ bulk }: { bulk: BulkOut }) {
  const queries = useQueryClient();
  const [which, show] = useState<Which>("");
  const going = openOf(bulk) > 0;
  const found = useInfiniteQuery({ ...recipientsQuery(bulk.id, which), refetchInterval: going ? AGAIN_MS : false });
  useEffect(() => void forgetRecipients(queries, bulk.id), [queries, bulk.id, going, bulk.delivered]);
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <section className={styles.recipients} aria-labelledby="recipients">
      <header>
        <h2 id="recipients">Recipients</h2>
        <NativeSelect aria-label="Show" value={which} data={WHICH.map(({ value, label }) => ({ value, label }))} onChange={(event) => show(event.currentTarget.value as Which)} />
        <Button component="a" href={`/api/v1/bulk/${bulk.id}/recipients.csv`} variant="default" leftSection={<Download size={16} aria-hidden="true" />}>
          Download
        </Button>
      </header>
      <Failure error={found.error} />
      {found.data && rows.length === 0 && <p className={styles.none}>Nobody here.</p>}
      {rows.length > 0 && (
        <ul>
          {rows.map((row) => (
            <Row key={row.ord} row={row} />
          ))}
        </ul>
      )}
      <ShowMore of={found} />
    </section>
  );
}

function Row({ row }: { row: Recipient }) {
  return (
    <li data-recipient={row.ord}>
      <Who row={row} />
      <Status row={row} />
      <span className={styles.reason}>{row.reason}</span>
    </li>
  );
}
