// Whom it reaches, who is left out and why, and what it costs.
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { Failure } from "../parts/Failure";
import { saveFile } from "../parts/saveFile";
import { amount, people } from "../people/rows";
import { spanOf } from "../text/time";
import { exclusionsFile, money, type Preview, type Wording } from "./bulk";
import styles from "./Reach.module.css";

export function Reach({ wording, preview }: { wording: Wording; preview: Preview }) {
  const { segments } = preview;
  const left = preview.audience - preview.recipients;
  return (
    <div className={styles.reach}>
      <dl>
        <div>
          <dt>Recipients</dt>
          <dd data-testid="bulk-count">{amount(preview.recipients)}</dd>
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
            {money(preview.cost)}
            {preview.duration_s !== null && preview.duration_s >= 10 && <small>sent in {spanOf(preview.duration_s)}</small>}
          </dd>
        </div>
      </dl>
      {left > 0 && <LeftOut wording={wording} preview={preview} left={left} />}
    </div>
  );
}

function LeftOut({ wording, preview, left }: { wording: Wording; preview: Preview; left: number }) {
  const file = useMutation({ mutationFn: () => exclusionsFile(wording), onSuccess: (blob) => saveFile(blob, "left-out.csv") });
  return (
    <section className={styles.out} aria-label="Left out">
      <h3>{people(left)} left out</h3>
      <ul>
        {preview.excluded.map((one) => (
          <li key={one.reason}>
            <span>{one.sentence}</span>
            <b className="numeric">{amount(one.count)}</b>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => file.mutate()} disabled={file.isPending}>
        <Download size={14} aria-hidden="true" /> Download the list
      </button>
      <Failure brief error={file.error} />
    </section>
  );
}
