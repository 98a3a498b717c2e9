// The inbox: the list of conversations beside the open one; on a phone one of the two.
import { Outlet, useParams } from "@tanstack/react-router";
import styles from "./InboxPage.module.css";
import { ThreadList } from "./ThreadList";

export function InboxPage() {
  const { threadId } = useParams({ strict: false });
  const open = threadId === undefined ? null : Number(threadId);
  return (
    <div className={styles.panes} data-open={open !== null}>
      <section className={styles.list} aria-label="Conversations">
        <ThreadList open={open} />
      </section>
      <section className={styles.thread} aria-label="Conversation">
        <Outlet />
      </section>
    </div>
  );
}
