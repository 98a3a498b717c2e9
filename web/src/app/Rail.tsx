// Where one can go, who one is, and how the page looks. At the foot of the page on a phone.
import { Popover, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { Activity, BellOff, BookOpen, Gauge, Inbox, Keyboard, LayoutTemplate, LogOut, Megaphone, Monitor, Moon, Phone, ScrollText, Send, Settings, ShieldCheck, ShieldQuestionMark, SlidersHorizontal, Smartphone, Sun, UsersRound } from "lucide-react";
import { useState, type ReactNode } from "react";
import { api } from "../api";
import { useBadge, useLive, useReviewCount } from "../live/hooks";
import { isPhone } from "../inbox/focus";
import { openYourPhone } from "../own/YourPhone";
import { NotifyEntry, openNotifications } from "../notify/NotifyEntry";
import { useWishes } from "../notify/wishes";
import { badge } from "../parts/badge";
import { Avatar } from "./Avatar";
import { Logo } from "./Logo";
import { openShortcuts } from "./Shortcuts";
import { useRefusal } from "./may";
import { useSession } from "./session";
import styles from "./Rail.module.css";

export function Rail() {
  const unread = useBadge();
  const waiting = useReviewCount();
  return (
    <nav className={styles.rail} aria-label="Main">
      <span className={styles.logo}>
        <Logo size={34} />
      </span>
      <Place to="/phone/sms" icon={<Inbox size={21} strokeWidth={1.8} aria-hidden="true" />} label="Inbox">
        {unread > 0 && (
          <span className={styles.badge} data-testid="nav-badge">
            {badge(unread)}
            <span className="hush"> conversations with unread texts</span>
          </span>
        )}
      </Place>
      <Place to="/phone/sms/review" icon={<ShieldQuestionMark size={21} strokeWidth={1.8} aria-hidden="true" />} label="Review" before="Needs ">
        {waiting > 0 && (
          <span className={styles.badge} data-testid="review-badge">
            {badge(waiting)}
            <span className="hush"> {waiting === 1 ? "text waits" : "texts wait"} for a decision</span>
          </span>
        )}
      </Place>
      <Place to="/people" icon={<UsersRound size={21} strokeWidth={1.8} aria-hidden="true" />} label="People" />
      <Place to="/templates" icon={<LayoutTemplate size={21} strokeWidth={1.8} aria-hidden="true" />} label="Templates" />
      <Place to="/sms/campaigns" icon={<Megaphone size={21} strokeWidth={1.8} aria-hidden="true" />} label="Campaigns" seldom />
      <Place to="/bulk" icon={<Send size={20} strokeWidth={1.8} aria-hidden="true" />} label="Bulk" seldom />
      <span className={styles.gap} />
      <Place to="/system/sending" icon={<Gauge size={21} strokeWidth={1.8} aria-hidden="true" />} label="Sending" seldom />
      <Place to="/system" icon={<Activity size={21} strokeWidth={1.8} aria-hidden="true" />} label="System" seldom />
      <Member />
    </nav>
  );
}

interface PlaceProps {
  to: "/phone/sms" | "/phone/sms/review" | "/people" | "/templates" | "/sms/campaigns" | "/bulk" | "/system" | "/system/sending";
  icon: ReactNode;
  label: string;
  /** What the label leaves out for want of room. */
  before?: string;
  /** On a phone it stands in the member's menu. */
  seldom?: boolean;
  children?: ReactNode;
}

function Place({ to, icon, label, before, seldom = false, children }: PlaceProps) {
  const here = useRouterState({ select: ({ location }) => placeOf(location.pathname) === to });
  return (
    <Link to={to} className={styles.place} activeOptions={{ exact: true }} data-here={here || undefined} data-seldom={seldom || undefined} aria-current={here ? "page" : undefined}>
      <span className={styles.icon}>
        {icon}
        {children}
      </span>
      <span>
        {before && <span className="hush">{before}</span>}
        {label}
      </span>
    </Link>
  );
}

/** The place in the rail that a page belongs to; the most particular one wins. */
function placeOf(path: string): PlaceProps["to"] | undefined {
  return (["/phone/sms/review", "/phone/sms", "/people", "/templates", "/sms/campaigns", "/bulk", "/system/sending", "/system"] as const).find((place) => path === place || path.startsWith(`${place}/`));
}

const SCHEMES = [
  { value: "light", label: "Light", icon: <Sun size={16} aria-hidden="true" /> },
  { value: "dark", label: "Dark", icon: <Moon size={16} aria-hidden="true" /> },
  { value: "auto", label: "System", icon: <Monitor size={16} aria-hidden="true" /> },
] as const;

function Member() {
  const { member, workspace } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true }); // it would stop them by an inline style
  const [opened, setOpened] = useState(false);
  const mayRead = useRefusal("read_audit") === null;
  const logOut = useLogOut();
  const showPhone = () => {
    setOpened(false);
    openYourPhone();
  };
  const [{ quiet }] = useWishes();
  const showNotifications = () => {
    setOpened(false);
    openNotifications();
  };
  const showShortcuts = () => {
    setOpened(false);
    openShortcuts();
  };
  return (
    <Popover position={isPhone() ? "top-end" : "right-end"} offset={10} width={264} trapFocus returnFocus opened={opened} onChange={setOpened}>
      <Popover.Target>
        <UnstyledButton className={styles.member} aria-label={`${member.name}: account and appearance${quiet ? "; do not disturb" : ""}`} onClick={() => setOpened(!opened)}>
          <Avatar name={member.name} seed={member.email} size={36} />
          {quiet && (
            <span className={styles.quiet} title="Do not disturb">
              <BellOff size={11} strokeWidth={2.4} aria-hidden="true" />
            </span>
          )}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={styles.account}>
        <div className={styles.who}>
          <strong>{member.name}</strong>
          <span>{workspace.name}</span>
        </div>
        <div className={styles.schemes} role="group" aria-label="Appearance">
          {SCHEMES.map(({ value, label, icon }) => (
            <button key={value} type="button" aria-pressed={colorScheme === value} onClick={() => setColorScheme(value)}>
              {icon}
              {label}
            </button>
          ))}
        </div>
        <MenuLink to="/settings" icon={Settings} label="Settings" onClick={() => setOpened(false)} />
        <MenuLink to="/settings/consent" icon={ShieldCheck} label="Consent" onClick={() => setOpened(false)} />
        <MenuLink to="/settings/fields" icon={SlidersHorizontal} label="Fields, tags, stages" onClick={() => setOpened(false)} />
        {mayRead && <MenuLink to="/settings/audit" icon={ScrollText} label="Audit log" onClick={() => setOpened(false)} />}
        <MenuLink to="/dialer" icon={Phone} label="Dialer" onClick={() => setOpened(false)} />
        <span className={styles.onPhone}>
          <MenuLink to="/sms/campaigns" icon={Megaphone} label="Campaigns" onClick={() => setOpened(false)} />
          <MenuLink to="/bulk" icon={Send} label="Bulk texts" onClick={() => setOpened(false)} />
          <MenuLink to="/system/sending" icon={Gauge} label="Sending" onClick={() => setOpened(false)} />
          <MenuLink to="/system" icon={Activity} label="System" onClick={() => setOpened(false)} />
        </span>
        <button type="button" className={styles.entry} onClick={showPhone}>
          <Smartphone size={16} aria-hidden="true" />
          Your phone
        </button>
        <NotifyEntry className={styles.entry} stateClass={styles.state} onClick={showNotifications} />
        <button type="button" className={styles.entry} onClick={showShortcuts}>
          <Keyboard size={16} aria-hidden="true" />
          Keyboard shortcuts
        </button>
        <a href="/api/docs" className={styles.entry} onClick={() => setOpened(false)}>
          <BookOpen size={16} aria-hidden="true" />
          API reference
        </a>
        <button type="button" className={styles.entry} onClick={logOut}>
          <LogOut size={16} aria-hidden="true" />
          Log out
        </button>
      </Popover.Dropdown>
    </Popover>
  );
}

function MenuLink({ to, icon: Icon, label, onClick }: { to: "/settings" | "/settings/audit" | "/dialer" | "/settings/fields" | "/settings/consent" | "/sms/campaigns" | "/bulk" | "/system" | "/system/sending"; icon: typeof Gauge; label: string; onClick: () => void }) {
  return (
    <Link to={to} className={styles.entry} onClick={onClick}>
      <Icon size={16} aria-hidden="true" />
      {label}
    </Link>
  );
}

function useLogOut(): () => void {
  const live = useLive();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return () => {
    live.forget();
    sessionStorage.clear(); // drafts are the member's own
    void api.logout().finally(async () => {
      await navigate({ to: "/login", search: {} });
      queries.clear();
    });
  };
}
