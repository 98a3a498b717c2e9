// Whom it reaches, who is left out and why, and what it costs.
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import type { ReactNode } from "react";
import { Failure } from "../parts/Failure";
import { saveFile } from "../parts/saveFile";
import { amount, people } from "../people/rows";
import { spanOf } from "../text/time";
import { exclusionsFile, money, type Preview, type Wording } from "./bulk";
import styles from "./Reach.module.css";

export type Sums = Pick<Preview, "audience" | "recipients" | "excluded" | "segments" | "cost" | "duration_s">;

export function Reach({ wording, preview }: { wording: Wording; preview: Preview }) {
  const file = useMutation({ mutationFn: () => exclusionsFile(wording), onSuccess: (blob) => saveFile(blob, "left-out.csv") });
  return (
    <Reached sums={preview}>
      <button type="button" onClick={() => file.mutate()} disabled={file.isPending}>
        <Download size={14} aria-hidden="true" /> Download the list
      </button>
      <Failure brief error={file.error} />
    </Reached>
  );
}

/** The sums, and who is left out; *children*: the way to the list of those. */
export function Reached({ sums, children }: { sums: Sums; children: ReactNode }) {
  const { segments } = sums;
  const left = sums.audience - sums.recipients;
  return (
    <div className={styles.reach}>
      <dl>
        <div>
          <dt>Recipients</dt>
          <dd data-testid="bulk-count">{amount(sums.recipients)}</dd>
        </div>
        <div>
          <dt>Segments</dt>
          <dd>
            {amount(segments.total)}
            {segments.total > 0 && <small>{segments.min === segments.max ? `${segments.min} each` : `${segments.min} to ${segments.max} each`}</small>}
          </dd>
        </div>
        <div>
          <dt>Cost, about</dt>
          <dd>
            {money(sums.cost)}
            {sums.duration_s !== null && sums.duration_s >= 10 && <small>sent in {spanOf(sums.duration_s)}</small>}
          </dd>
        </div>
      </dl>
      {left > 0 && (
        <section className={styles.out} aria-label="Left out">
          <h3>{people(left)} left out</h3>
          <ul>
            {sums.excluded.map((one) => (
              <li key={one.reason}>
                <span>{one.sentence}</span>
                <b className="numeric">{amount(one.count)}</b>
              </li>
            ))}
          </ul>
          {children}
        </section>
      )}
    </div>
  );
}
