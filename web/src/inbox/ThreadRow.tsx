import { Ban, Megaphone } from "lucide-react";
import { memo, type KeyboardEvent, type MouseEvent } from "react";
import { Avatar } from "../app/Avatar";
import { useRow } from "../live/hooks";
import { nameOrNumber } from "../text/people";
import { fullTime, rowTime } from "../text/time";
import styles from "./ThreadRow.module.css";

interface Props {
  id: number;
  index: number;
  count: number;
  top: number;
  today: Date;
  chosen: boolean;
  stop: boolean;
  onOpen: (id: number) => void;
  onFocus: (id: number) => void;
}

/** One conversation. Listens to its own row only: a text for another one costs nothing here. */
export const ThreadRow = memo(function ThreadRow({ id, index, count, top, today, chosen, stop, onOpen, onFocus }: Props) {
  const view = useRow(id);
  if (!view) return null;
  const { row, unread } = view;
  const at = new Date(row.last_at);
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey) window.open(`/phone/sms/${id}`, "_blank", "noopener");
    else onOpen(id);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onOpen(id);
  };
  return (
    <div
      className={styles.row} role="option" data-id={id} data-unread={unread > 0} aria-selected={chosen} aria-posinset={index + 1} aria-setsize={count}
      tabIndex={stop ? 0 : -1} style={{ transform: `translateY(${top}px)` }} onClick={open} onKeyDown={key} onFocus={() => onFocus(id)}
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
        {rowTime(at, today)}
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
          {unread > 99 ? "99+" : unread}
          <span className="hush"> unread</span>
        </span>
      )}
    </div>
  );
});
