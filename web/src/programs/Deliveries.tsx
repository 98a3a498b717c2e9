// What was posted to a webhook, the newest first: how often, what came back, and once more on demand.
import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Failure } from "../parts/Failure";
import { ShowMore } from "../parts/ShowMore";
import { clockTime, daysBetween, rowTime, spanOf } from "../text/time";
import { useToday } from "../text/useToday";
import { kindWords, logKey, logQuery, webhooksApi, type Delivery } from "./api";
import styles from "./Programs.module.css";

const STATES = { pending: "Waiting", delivered: "Delivered", failed: "Given up" } as const;

export function Deliveries({ id }: { id: number }) {
  const found = useInfiniteQuery(logQuery(id));
  const rows = found.data?.pages.flatMap((page) => page.deliveries) ?? [];
  return (
    <section className={styles.log} aria-label="Delivery log">
      <Failure error={found.error} onAgain={() => void found.refetch()} />
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && rows.length === 0 && <p className={styles.facts}>Nothing has happened yet that it wants to hear.</p>}
      {rows.length > 0 && (
        <ul className={styles.deliveries}>
          {rows.map((row) => (
            <Line key={row.id} row={row} of={id} />
          ))}
        </ul>
      )}
      <ShowMore of={found} />
      <p className={styles.facts}>Kept for seven days. The same id stays with every try.</p>
    </section>
  );
}

function Line({ row, of }: { row: Delivery; of: number }) {
  const today = useToday();
  const queries = useQueryClient();
  const replaying = useMutation({ mutationFn: () => webhooksApi.replay(row.id), onSuccess: () => queries.invalidateQueries({ queryKey: logKey(of) }) });
  const at = new Date(row.at);
  return (
    <li className={styles.delivery}>
      <span className={styles.outcome} data-state={row.state}>
        {STATES[row.state]}
      </span>
      <div className={styles.grow}>
        <p>
          {kindWords(row.kind)} <code>#{row.event_seq}</code>
        </p>
        <p className={styles.facts}>
          <time dateTime={row.at}>
            {daysBetween(at, today) > 0 && `${rowTime(at, today)}, `}
            {clockTime(at)}
          </time>{" "}
          · {answerOf(row)}
        </p>
        <Failure brief error={replaying.error} />
      </div>
      {row.state !== "pending" && (
        <Button variant="default" size="xs" loading={replaying.isPending} aria-label={`Post event ${row.event_seq} again`} onClick={() => replaying.mutate()}>
          Post again
        </Button>
      )}
    </li>
  );
}

function answerOf(row: Delivery): string {
  const tries = row.tries === 0 ? "not tried yet" : row.tries === 1 ? "one try" : `${row.tries} tries`;
  if (row.state === "pending" && row.tries > 0 && row.status === null && row.error === null) return `${tries}, the last one is under way`;
  const said = row.error ?? (row.status === null ? null : `The server answered ${row.status}.`);
  const wait_s = row.due_at === null ? 0 : (Date.parse(row.due_at) - Date.now()) / 1000;
  const next = row.state === "pending" && row.tries > 0 && wait_s > 0 ? ` Next in ${spanOf(wait_s)}.` : "";
  return `${tries}${said === null ? "" : ` · ${said}`}${next}`;
}
