// From one page of settings to the others.
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useRefusal } from "../app/may";
import styles from "./Settings.module.css";

const PAGES = [
  { to: "/settings", label: "Workspace" },
  { to: "/settings/consent", label: "Consent" },
  { to: "/settings/fields", label: "Fields, tags, stages" },
  { to: "/settings/tokens", label: "API tokens" },
  { to: "/settings/webhooks", label: "Webhooks" },
  { to: "/settings/audit", label: "Audit log" },
] as const;

export function SettingsTabs() {
  const tabs = useRef<HTMLElement>(null);
  const noAudit = useRefusal("read_audit") !== null;
  const noPrograms = useRefusal("connect_programs") !== null;
  const hidden = new Set<string>([...(noAudit ? ["/settings/audit"] : []), ...(noPrograms ? ["/settings/tokens", "/settings/webhooks"] : [])]);
  // On a phone there is no room for all of them.
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // a promise in newer browsers
  }, []);
  return (
    <nav ref={tabs} className={styles.tabs} aria-label="Settings">
      {PAGES.filter((page) => !hidden.has(page.to)).map(({ to, label }) => (
        <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ "aria-current": "page" }}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
