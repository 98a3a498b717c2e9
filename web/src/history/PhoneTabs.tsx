// The two faces of /phone/sms: conversations as they stand, and every text there ever was.
import { Link } from "@tanstack/react-router";
import styles from "./PhoneTabs.module.css";

export function PhoneTabs({ here }: { here: "inbox" | "history" }) {
  return (
    <nav className={styles.tabs} aria-label="Inbox and history">
      <Link to="/phone/sms" aria-current={here === "inbox" ? "page" : undefined} activeOptions={{ exact: true }}>
        Inbox
      </Link>
      <Link to="/phone/sms/history" search={{}} aria-current={here === "history" ? "page" : undefined}>
        History
      </Link>
    </nav>
  );
}
