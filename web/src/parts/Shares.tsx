// A bar of what has become of so many, each outcome with its share, and the words for it.
import { amount } from "../people/rows";
import styles from "./Shares.module.css";

export interface Share {
  readonly key: string;
  readonly label: string;
  readonly count: number;
}

interface Props {
  /** They add up to *of*. */
  shares: readonly Share[];
  done: number;
  of: number;
  small?: boolean;
}

export function Shares({ shares, done, of, small = false }: Props) {
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
