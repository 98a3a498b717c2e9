// The frame around every page behind the login: navigation, the live connection, what the whole tab announces.
import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { sessionIsOver, sessionQuery } from "../api";
import { Live } from "../live/live";
import { settingsQuery as consentSettingsQuery } from "../consent/consent";
import { LiveContext, useLive, useSettingsVersion, useStatus } from "../live/hooks";
import { numbersQuery } from "../filters/numbers";
import { SETTINGS } from "../settings/settings";
import { UndoToast } from "../compose/UndoToast";
import { YourPhone } from "../own/YourPhone";
import { Bell } from "../notify/Bell";
import { Notifications } from "../notify/NotifyEntry";
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
  useNewSettings();
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
      <Bell />
      <Shortcuts />
      <YourPhone />
      <Notifications />
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

/** Whoever changes the settings changes them on every page that is open. */
function useNewSettings(): void {
  const version = useSettingsVersion();
  const before = useRef(version);
  const queries = useQueryClient();
  useEffect(() => {
    if (before.current !== null && version !== before.current) {
      for (const queryKey of [[SETTINGS], sessionQuery.queryKey, consentSettingsQuery.queryKey, numbersQuery.queryKey]) void queries.invalidateQueries({ queryKey });
    }
    before.current = version;
  }, [version, queries]);
}
