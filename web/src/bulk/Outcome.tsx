// One recipient in a list of what became of each: who it is, and how the text stands.
import { Link } from "@tanstack/react-router";
import { formatNumber } from "../text/people";
import { statusOf, toneOf, type Recipient } from "./bulk";
import styles from "./Outcome.module.css";

export function Who({ row }: { row: Pick<Recipient, "name" | "address" | "thread_id" | "contact_id"> }) {
  const name = row.name ?? (row.address ? formatNumber(row.address) : "Unnamed contact");
  return (
    <span className={styles.who}>
      {row.thread_id === null ? (
        row.contact_id === null ? <b>{name}</b> : <Link to="/people/$contactId" params={{ contactId: String(row.contact_id) }}>{name}</Link>
      ) : (
        <Link to="/phone/sms/$threadId" params={{ threadId: String(row.thread_id) }}>
          {name}
          <span className="hush">: open the conversation</span>
        </Link>
      )}
      {row.name && row.address && <small className="numeric">{formatNumber(row.address)}</small>}
    </span>
  );
}

export function Status({ row }: { row: Pick<Recipient, "state" | "delivery"> }) {
  return (
    <span className={styles.status} data-tone={toneOf(row)}>
      {statusOf(row)}
    </span>
  );
}
