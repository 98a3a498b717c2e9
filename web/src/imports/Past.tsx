// The lists that were brought in before.
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { fullTime, rowTime } from "../text/time";
import { useToday } from "../text/useToday";
import { importsQuery, type Import } from "./api";
import { counted, STATES } from "./words";
import styles from "./ImportPage.module.css";

export function Past({ campaign }: { campaign: number | undefined }) {
  const found = useInfiniteQuery(importsQuery);
  const all = found.data?.pages.flatMap((page) => page.imports) ?? [];
  if (all.length === 0) return null;
  return (
    <section className={styles.past} aria-labelledby="past">
      <h2 id="past">Past imports</h2>
      <ul>
        {all.map((one) => (
          <Row key={one.import_id} one={one} campaign={campaign} />
        ))}
      </ul>
      {found.hasNextPage && (
        <Button variant="default" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>
          Show more
        </Button>
      )}
    </section>
  );
}

function Row({ one, campaign }: { one: Import; campaign: number | undefined }) {
  const today = useToday();
  const ended = one.state === "done" || one.state === "undone";
  return (
    <li>
      <Link to="/people/import" search={{ id: one.import_id, ...(campaign !== undefined && { campaign }) }} className={styles.link}>
        {one.name}
      </Link>
      <span className={styles.soft}>{one.confirmed_by ?? one.member}</span>
      <span className="numeric">{ended ? `${one.created.toLocaleString("en-US")} new, ${one.updated.toLocaleString("en-US")} updated, ${one.refused.toLocaleString("en-US")} not taken` : counted(one.rows_total, "row")}</span>
      <span className={styles.state} data-state={one.state}>
        {STATES[one.state]}
      </span>
      <time className="numeric" dateTime={one.at} title={fullTime(new Date(one.at))}>
        {rowTime(new Date(one.at), today)}
      </time>
    </li>
  );
}
