// The frame around every page behind the login: navigation, the live connection, what the whole tab announces.
import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { sessionIsOver, sessionQuery } from "../api";
import { Live } from "../live/live";
import { LiveContext, useBadge, useLive, useStatus } from "../live/hooks";
import { UndoToast } from "../compose/UndoToast";
import { Announcer } from "./Announcer";
import { Rail } from "./Rail";
import { Shortcuts } from "./Shortcuts";
import { useSession } from "./session";
import styles from "./Shell.module.css";

const socketUrl = (): string => `${location.origin.replace(/^http/, "ws")}/ws`;

export function Shell() {
  const { member } = useSession();
  // A new member is a new connection.
  const live = useMemo(() => new Live(socketUrl(), sessionIsOver), [member.id]);
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return (
    <LiveContext value={live}>
      <Inside />
    </LiveContext>
  );
}

function Inside() {
  const { workspace } = useSession();
  useLoginWhenEnded();
  useTitle();
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <Rail />
      <div className={styles.column}>
        {workspace.simulated && (
          <aside className={styles.banner} aria-label="Simulation">
            <strong>Simulation</strong>
            <span>
              Texts go to simulated people only.<span className={styles.more}> Nothing leaves this machine.</span>
            </span>
          </aside>
        )}
        <main id="main" className={styles.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Announcer />
      <Shortcuts />
      <UndoToast />
    </div>
  );
}

function useLoginWhenEnded(): void {
  const status = useStatus();
  const live = useLive();
  const queries = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    if (status !== "ended") return;
    live.forget();
    queries.removeQueries({ queryKey: sessionQuery.queryKey });
    void navigate({ to: "/login", search: { next: location.pathname } });
  }, [status, live, queries, navigate]);
}

function useTitle(): void {
  const unread = useBadge();
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Threadline` : "Threadline";
  }, [unread]);
}
