// The inbox: the list of conversations beside the open one; on a phone one of the two.
import { Outlet, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { focusHeading } from "./focus";
import styles from "./InboxPage.module.css";
import { ThreadList } from "./ThreadList";

export function InboxPage() {
  const { threadId } = useParams({ strict: false });
  const open = threadId === undefined ? null : Number(threadId);
  // The pane may become visible after its conversation was drawn, and what is hidden takes no focus.
  useEffect(focusHeading, [open]);
  return (
    <div className={styles.panes} data-open={open !== null}>
      <h1 className="hush">Inbox</h1>
      <section className={styles.list} aria-label="Conversations">
        <ThreadList open={open} />
      </section>
      <section className={styles.thread} aria-label="Conversation">
        <Outlet />
      </section>
    </div>
  );
}
