// What stands between the texts for colleagues only: notes, and what somebody did with the conversation.
import { NotebookPen } from "lucide-react";
import { memo } from "react";
import type { ActivityOut, NoteOut } from "../gen/wire";
import type { Aside } from "../live/thread";
import { dateTime, mine } from "../compose/zoned";
import { clockTime, fullTime } from "../text/time";
import styles from "./Beside.module.css";

export const Beside = memo(function Beside({ aside }: { aside: Aside }) {
  return aside.kind === "note" ? <Note note={aside.note} /> : <Activity activity={aside.activity} />;
});

function Note({ note }: { note: NoteOut }) {
  return (
    <div className={styles.note} data-note={note.seq}>
      <p className={styles.label}>
        <NotebookPen size={13} strokeWidth={2} aria-hidden="true" />
        Note, only for colleagues
      </p>
      <p className={styles.body}>{note.body}</p>
      <p className={styles.by}>
        {note.author} · <time dateTime={note.at} title={fullTime(new Date(note.at))}>{clockTime(new Date(note.at))}</time>
      </p>
    </div>
  );
}

function Activity({ activity }: { activity: ActivityOut }) {
  const at = new Date(activity.at);
  return (
    <p className={styles.activity} data-activity={activity.what}>
      <span>{wordsOf(activity)}</span> <time dateTime={activity.at} title={fullTime(at)}>{clockTime(at)}</time>
    </p>
  );
}

/** A doing in a sentence; what nobody did came by itself. */
export function wordsOf({ what, by, by_name: name, to, to_name: whom, until }: ActivityOut): string {
  const who = name ?? "Somebody";
  switch (what) {
    case "assigned":
      return to === by ? `${who} took this` : `${who} assigned this to ${whom ?? "a colleague"}`;
    case "unassigned":
      return `${who} made this nobody’s`;
    case "closed":
      return `${who} closed this`;
    case "reopened":
      return by === null ? "Reopened by their text" : `${who} reopened this`;
    case "snoozed":
      return `${who} snoozed this${until ? ` until ${dateTime(mine(), new Date(until))}` : ""}`;
    case "woken":
      return by === null ? "Back from its snooze" : `${who} brought this back`;
    case "taken_over":
      return `${who} took over${whom ? ` from ${whom}` : ""}`;
  }
}
