import { Failure } from "../parts/Failure";
import styles from "./FieldsPage.module.css";

/** That something could not be read, and the way to try again; a grey box while it is read. */
export function Problem({ of }: { of: { isPending: boolean; error: Error | null; refetch: () => unknown } }) {
  if (of.isPending) return <div className={`bone ${styles.bone}`} aria-hidden="true" />;
  return <Failure error={of.error} onAgain={() => void of.refetch()} />;
}
