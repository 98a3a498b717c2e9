// The share of each outcome among those who were to get the text.
import type { BulkOut } from "../gen/wire";
import { amount } from "../people/rows";
import { openOf, recipientsOf, sharesOf } from "./bulk";
import styles from "./Progress.module.css";

export function Progress({ bulk, small = false }: { bulk: BulkOut; small?: boolean }) {
  const of = recipientsOf(bulk);
  const done = of - openOf(bulk);
  const shares = sharesOf(bulk);
  return (
    <div className={styles.progress}>
      <div
        className={styles.bar} data-small={small || undefined} role="progressbar" aria-label="Done" aria-valuemin={0} aria-valuemax={of} aria-valuenow={done}
        aria-valuetext={`${amount(done)} of ${amount(of)}: ${shares.map((share) => `${amount(share.count)} ${share.label}`).join(", ")}`}
      >
        {shares.map((share) => (
          <span key={share.key} data-share={share.key} style={{ flexGrow: share.count }} />
        ))}
      </div>
      {!small && (
        <ul className={styles.legend}>
          {shares.map((share) => (
            <li key={share.key} data-share={share.key}>
              {amount(share.count)} {share.label}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
