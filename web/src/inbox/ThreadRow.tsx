import { Ban, Megaphone } from "lucide-react";
import { memo, type KeyboardEvent, type MouseEvent } from "react";
import { Avatar } from "../app/Avatar";
import { useRow } from "../live/hooks";
import { nameOrNumber } from "../text/people";
import { fullTime, rowTime, spanOf } from "../text/time";
import { badge } from "../parts/badge";
import styles from "./ThreadRow.module.css";

interface Props {
  id: number;
  index: number;
  count: number;
  top: number;
  today: Date;
  chosen: boolean;
  /** The mouse is over it or over its button, which stands where else the time is. */
  hovered: boolean;
  stop: boolean;
  /** Where the list is of those that wait for an answer: the time by which their wait is told. */
  waitsAt: Date | null;
  onOpen: (id: number) => void;
  onFocus: (id: number) => void;
  /** Its menu is asked for, at a place of the window. */
  onAsk: (id: number, x: number, y: number) => void;
}

function waitOf(since: string, now: Date): string {
  const seconds = (now.getTime() - Date.parse(since)) / 1_000;
  return seconds < 90 ? "1 min" : spanOf(seconds);
}

/** One conversation. Listens to its own row only: a text for another one costs nothing here. */
export const ThreadRow = memo(function ThreadRow({ id, index, count, top, today, chosen, hovered, stop, waitsAt, onOpen, onFocus, onAsk }: Props) {
  const view = useRow(id);
  if (!view) return null;
  const { row, unread } = view;
  const at = new Date(row.last_at);
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey) window.open(`/phone/sms/${id}`, "_blank", "noopener");
    else onOpen(id);
  };
  const menu = (event: MouseEvent<HTMLElement>) => {
    event.preventDefault();
    const keyed = event.clientX === 0 && event.clientY === 0; // by the keyboard's key for it
    const place = event.currentTarget.getBoundingClientRect();
    onAsk(id, keyed ? place.left + 64 : event.clientX, keyed ? place.top + 40 : event.clientY);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onOpen(id);
  };
  return (
    <div
      className={styles.row} role="option" data-id={id} data-unread={unread > 0} data-hovered={hovered} aria-selected={chosen} aria-posinset={index + 1} aria-setsize={count}
      tabIndex={stop ? 0 : -1} style={{ transform: `translateY(${top}px)` }} onClick={open} onKeyDown={key} onFocus={() => onFocus(id)} onContextMenu={menu}
    >
      <Avatar name={row.name} seed={row.address} />
      <span className={styles.name}>
        <span>{nameOrNumber(row)}</span>
        {(row.opted_out || row.carrier_blocked) && (
          <span className={styles.out}>
            <Ban size={11} strokeWidth={2.4} aria-hidden="true" />
            Opted out
          </span>
        )}
        {row.held && !row.opted_out && <span className={styles.held}>Needs review</span>}
      </span>
      <time className={styles.time} dateTime={row.last_at} title={fullTime(at)}>
        {waitsAt && row.waiting_since ? `waits ${waitOf(row.waiting_since, waitsAt)}` : rowTime(at, today)}
      </time>
      <span className={styles.preview}>
        {row.campaign && row.direction === "in" && (
          <span className={styles.campaign} title={`They got the campaign “${row.campaign.name}”`}>
            <Megaphone size={12} strokeWidth={2} aria-hidden="true" />
            <span className="hush">After the campaign {row.campaign.name}: </span>
          </span>
        )}
        {row.direction === "out" && <span>You: </span>}
        {row.preview || "Picture"}
      </span>
      {unread > 0 && (
        <span className={styles.badge} data-badge={unread}>
          {badge(unread)}
          <span className="hush"> unread</span>
        </span>
      )}
    </div>
  );
});
