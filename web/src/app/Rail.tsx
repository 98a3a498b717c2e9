// Where one can go, who one is, and how the page looks. At the foot of the page on a phone.
import { Menu, UnstyledButton } from "@mantine/core";
import { useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Activity, Check, Inbox, Keyboard, LogOut, Monitor, Moon, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { api } from "../api";
import { useBadge, useLive } from "../live/hooks";
import { Avatar } from "./Avatar";
import { Logo } from "./Logo";
import { openShortcuts } from "./Shortcuts";
import { useSession } from "./session";
import styles from "./Rail.module.css";

export function Rail() {
  const unread = useBadge();
  return (
    <nav className={styles.rail} aria-label="Main">
      <span className={styles.logo}>
        <Logo size={34} />
      </span>
      <Place to="/phone/sms" icon={<Inbox size={21} strokeWidth={1.8} aria-hidden="true" />} label="Inbox">
        {unread > 0 && (
          <span className={styles.badge} data-testid="nav-badge">
            {unread > 99 ? "99+" : unread}
            <span className="hush"> conversations with unread texts</span>
          </span>
        )}
      </Place>
      <span className={styles.gap} />
      <Place to="/system" icon={<Activity size={21} strokeWidth={1.8} aria-hidden="true" />} label="System" />
      <Member />
    </nav>
  );
}

function Place({ to, icon, label, children }: { to: "/phone/sms" | "/system"; icon: ReactNode; label: string; children?: ReactNode }) {
  return (
    <Link to={to} className={styles.place} activeProps={{ "data-here": true, "aria-current": "page" } as object}>
      <span className={styles.icon}>
        {icon}
        {children}
      </span>
      <span>{label}</span>
    </Link>
  );
}

const SCHEMES = [
  { value: "light", label: "Light", icon: <Sun size={16} /> },
  { value: "dark", label: "Dark", icon: <Moon size={16} /> },
  { value: "auto", label: "As the system", icon: <Monitor size={16} /> },
] as const;

function Member() {
  const { member, workspace } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const logOut = useLogOut();
  return (
    <Menu position="right-end" offset={10} width={240}>
      <Menu.Target>
        <UnstyledButton className={styles.member} aria-label={`${member.name}: account and appearance`}>
          <Avatar name={member.name} seed={member.email} size={36} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={styles.who}>
          <strong>{member.name}</strong>
          <span>{workspace.name}</span>
        </div>
        <Menu.Divider />
        <Menu.Label>Appearance</Menu.Label>
        {SCHEMES.map(({ value, label, icon }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={colorScheme === value}
            leftSection={icon}
            rightSection={colorScheme === value ? <Check size={16} /> : null}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Keyboard size={16} />} onClick={openShortcuts}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<LogOut size={16} />} onClick={logOut}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
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
