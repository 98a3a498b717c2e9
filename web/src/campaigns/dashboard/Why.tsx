// Why texts failed, and why people were left out, in words with how many.
import { useQuery } from "@tanstack/react-query";
import { Failure } from "../../parts/Failure";
import { amount } from "../../people/rows";
import { reasonsQuery } from "../api";
import { failures, leftOut, type Why as One } from "./course";
import styles from "./Why.module.css";

export function Why({ id }: { id: number }) {
  const found = useQuery(reasonsQuery(id));
  const rows = found.data?.rows ?? [];
  const [failed, out] = [failures(rows), leftOut(rows)];
  if (!found.error && failed.length + out.length === 0) return null;
  return (
    <div className={styles.whys}>
      <Failure error={found.error} />
      {failed.length > 0 && <List id="failed" title="Failed or not confirmed" rows={failed} />}
      {out.length > 0 && <List id="left-out" title="Left out or skipped" rows={out} />}
    </div>
  );
}

function List({ id, title, rows }: { id: string; title: string; rows: readonly One[] }) {
  const most = Math.max(...rows.map(({ count }) => count));
  return (
    <section aria-labelledby={`why-${id}`} className={styles.why} data-why={id}>
      <h2 id={`why-${id}`}>{title}</h2>
      <ul>
        {rows.map(({ sentence, count }) => (
          <li key={sentence}>
            <span>{sentence}</span>
            <b>{amount(count)}</b>
            <i aria-hidden="true" style={{ width: `${(100 * count) / most}%` }} />
          </li>
        ))}
      </ul>
    </section>
  );
}
