// Every text to many, the newest first.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import type { BulkOut } from "../gen/wire";
import { useBulk } from "../live/hooks";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { Page } from "../parts/Page";
import { ShowMore } from "../parts/ShowMore";
import { amount } from "../people/rows";
import { rowTime } from "../text/time";
import { useToday } from "../text/useToday";
import { bulksQuery, failedOf, movesOf, recipientsOf, stateOf } from "./bulk";
import { Progress } from "./Progress";
import styles from "./BulkListPage.module.css";

export function BulkListPage() {
  const found = useInfiniteQuery(bulksQuery);
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <Page title="Bulk texts" lead="One text to many people, each in a conversation of their own. Begin with a selection in People.">
      <Failure error={found.error} />
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && rows.length === 0 && <Empty />}
      {rows.length > 0 && (
        <ul className={styles.list} aria-label="Bulk texts">
          {rows.map((row) => (
            <Item key={row.id} read={row} />
          ))}
        </ul>
      )}
      <ShowMore of={found} />
    </Page>
  );
}

function Item({ read }: { read: BulkOut }) {
  const today = useToday();
  const live = useBulk(read.id, !movesOf(read));
  const bulk = live ?? read;
  const failed = failedOf(bulk);
  return (
    <li className={styles.item}>
      <h2>
        <Link to="/bulk/$bulkId" params={{ bulkId: String(bulk.id) }} className={styles.link}>
          {bulk.name}
        </Link>
      </h2>
      <span className={styles.state} data-state={bulk.state}>
        {stateOf(bulk)}
      </span>
      <Progress bulk={bulk} small />
      <p className="numeric">
        {amount(bulk.wired)} of {amount(recipientsOf(bulk))} sent · {amount(bulk.delivered)} delivered{failed > 0 ? ` · ${amount(failed)} failed` : ""}
      </p>
      <p className={styles.when}>
        {bulk.author ? `${bulk.author} · ` : ""}
        <time dateTime={bulk.launched_at}>{rowTime(new Date(bulk.launched_at), today)}</time>
      </p>
    </li>
  );
}

function Empty() {
  return (
    <Nothing boxed icon={Send} title="Nothing sent to many yet">
      <p>
        Select some <Link to="/people">people</Link>, a page of them or everybody whom a filter finds, and choose Send SMS.
      </p>
    </Nothing>
  );
}
