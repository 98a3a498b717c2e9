// How much of something is done.
import styles from "./ImportPage.module.css";

export function Bar({ part, label }: { part: number; label: string }) {
  const percent = Math.round(Math.min(Math.max(part, 0), 1) * 100);
  return (
    <progress className={styles.bar} max={100} value={percent} aria-label={label}>
      {percent} %
    </progress>
  );
}
