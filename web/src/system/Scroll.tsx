import styles from "./SystemPage.module.css";

/** Wide tables scroll in their own box, by keyboard too. */
export function Scroll({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className={styles.scroll} role="region" aria-label={`${label}, scrolls sideways`} tabIndex={0}>
      {children}
    </div>
  );
}
