import { useStatus } from "../live/hooks";
import styles from "./ConnectionStatus.module.css";

const WORDS = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…", ended: "Logged out" } as const;

/** Quiet while all is well; says so when what is shown may be old. */
export function ConnectionStatus() {
  const status = useStatus();
  return (
    <span role="status" className={styles.status} data-status={status}>
      <i aria-hidden="true" />
      {WORDS[status]}
    </span>
  );
}
