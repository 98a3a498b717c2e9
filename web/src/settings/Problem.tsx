import { CircleAlert } from "lucide-react";
import styles from "./FieldsPage.module.css";

/** That something could not be read, and the way to try again; a grey box while it is read. */
export function Problem({ of }: { of: { isError: boolean; isPending: boolean; error: Error | null; refetch: () => unknown } }) {
  if (of.isPending) return <div className={`bone ${styles.bone}`} aria-hidden="true" />;
  if (!of.isError) return null;
  return (
    <p className={styles.failed} role="alert">
      <CircleAlert size={16} aria-hidden="true" /> {of.error?.message} <button onClick={() => void of.refetch()}>Try again</button>
    </p>
  );
}
