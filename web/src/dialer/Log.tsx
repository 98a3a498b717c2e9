// What comes in while the dialer works, pushed to it: the newest first.
import { formatNumber } from "../text/people";
import { clockTime } from "../text/time";
import type { HeardEvent } from "./useStream";
import { told } from "./words";
import styles from "./Dialer.module.css";

export function Log({ events, on, address }: { events: readonly HeardEvent[]; on: boolean; address: string | null }) {
  return (
    <section className={styles.card} aria-labelledby="log">
      <div className={styles.logHead}>
        <h2 id="log">What comes in</h2>
        <span className={styles.link} data-on={on} role="status">
          {on ? "Live" : "Connecting"}
        </span>
      </div>
      {events.length === 0 && <p className={styles.small}>Replies, opt-outs and what becomes of texts are shown here as they happen.</p>}
      <div className={styles.log} role="log" aria-label="Events" tabIndex={0}>
        {events.length > 0 && (
          <ol>
            {events.map((event) => (
              <Line key={event.seq} event={event} theirs={address !== null && event.data["address"] === address} />
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

function Line({ event, theirs }: { event: HeardEvent; theirs: boolean }) {
  const { title, text, weight } = told(event);
  const who = typeof event.data["name"] === "string" && event.data["name"] ? event.data["name"] : formatNumber(String(event.data["address"] ?? ""));
  return (
    <li data-weight={weight} data-theirs={theirs || undefined}>
      <p>
        <strong>{title}</strong> {who}
      </p>
      {text && <p className={styles.said}>{text}</p>}
      <p className={styles.small}>
        <time dateTime={event.at}>{clockTime(new Date(event.at))}</time> · here after {(event.late / 1000).toFixed(1)} s
      </p>
    </li>
  );
}
