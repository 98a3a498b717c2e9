// Every text to many, the newest first.
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, Send } from "lucide-react";
import type { BulkOut } from "../gen/wire";
import { useBulk } from "../live/hooks";
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
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>Bulk texts</h1>
        <p>One text to many people, each in a conversation of their own. Begin with a selection in People.</p>
      </header>
      {found.isError && (
        <p className={styles.problem} role="alert">
          <CircleAlert size={16} aria-hidden="true" /> {found.error.message}
        </p>
      )}
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && rows.length === 0 && <Nothing />}
      {rows.length > 0 && (
        <ul className={styles.list} aria-label="Bulk texts">
          {rows.map((row) => (
            <Item key={row.id} read={row} />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <p className={styles.more}>
          <Button variant="default" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>
            Show more
          </Button>
        </p>
      )}
    </div>
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

function Nothing() {
  return (
    <div className={styles.nothing}>
      <Send size={30} strokeWidth={1.5} aria-hidden="true" />
      <h2>Nothing sent to many yet</h2>
      <p>
        Select some <Link to="/people">people</Link>, a page of them or everybody whom a filter finds, and choose Text.
      </p>
    </div>
  );
}
