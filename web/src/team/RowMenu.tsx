// What can be done with a conversation from its row, without opening it: by the right mouse button, the row's own button, or keys.
import { Menu } from "@mantine/core";
import { AlarmClock, Check, Inbox, Mail, MailOpen, UserRound } from "lucide-react";
import { useSession } from "../app/session";
import { present } from "../clock";
import { dateTime, mine } from "../compose/zoned";
import { useRow } from "../live/hooks";
import { nameOrNumber } from "../text/people";
import type { RowDeeds } from "./useRowDeeds";
import { snoozes } from "./snoozes";
import styles from "./RowMenu.module.css";

/** Within a sentence; a day's name keeps its letter. */
const lowered = (label: string): string => label.replace(/^(?:In|This|Tomorrow|Next)/, (word) => word.toLowerCase());

export interface Spot {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

export function RowMenu({ at, deeds, onClose }: { at: Spot; deeds: RowDeeds; onClose: () => void }) {
  const { member } = useSession();
  const view = useRow(at.id);
  if (!view) return null;
  const { row, unread } = view;
  const isMine = row.assignee?.member_id === member.id;
  return (
    <Menu opened onClose={onClose} position="bottom-start" withinPortal withInitialFocusPlaceholder={false} shadow="md" trapFocus returnFocus offset={0}>
      <Menu.Target>
        <span className={styles.spot} style={{ left: at.x, top: at.y }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={`Conversation with ${nameOrNumber(row)}`} className={styles.menu}>
        {row.in_total > 0 && (
          <Menu.Item leftSection={unread > 0 ? <MailOpen size={15} aria-hidden="true" /> : <Mail size={15} aria-hidden="true" />} rightSection={unread > 0 ? undefined : <kbd>U</kbd>} onClick={() => deeds.unread(at.id, unread === 0)}>
            {unread > 0 ? "Mark as read" : "Mark as unread"}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<UserRound size={15} aria-hidden="true" />} rightSection={isMine ? undefined : <kbd>A</kbd>} onClick={() => deeds.assign(at.id, isMine ? null : member.id)}>
          {isMine ? "Make it nobody’s" : "Assign to me"}
        </Menu.Item>
        <Menu.Item leftSection={row.closed ? <Inbox size={15} aria-hidden="true" /> : <Check size={15} aria-hidden="true" />} rightSection={<kbd>E</kbd>} onClick={() => deeds.close(at.id, !row.closed)}>
          {row.closed ? "Reopen" : "Close (archive)"}
        </Menu.Item>
        {row.snoozed_until !== null && (
          <Menu.Item leftSection={<Inbox size={15} aria-hidden="true" />} onClick={() => deeds.snooze(at.id, null)}>
            Bring back
          </Menu.Item>
        )}
        {row.snoozed_until === null &&
          !row.closed &&
          snoozes(mine(), present()).map((one) => (
            <Menu.Item key={one.label} leftSection={<AlarmClock size={15} aria-hidden="true" />} rightSection={<span className={styles.when}>{dateTime(mine(), one.until)}</span>} onClick={() => deeds.snooze(at.id, one.until)}>
              <span className={styles.snooze}>Snooze: </span>
              {lowered(one.label)}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}
