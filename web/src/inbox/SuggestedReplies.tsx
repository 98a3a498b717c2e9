// Replies that somebody or something suggests: a click puts one into the reply, where it can be changed. None is ever sent by itself.
import { Sparkles } from "lucide-react";
import { useSession } from "../app/session";
import { composeApi } from "../compose/api";
import { useSuggestions, useThread } from "../live/hooks";
import { shownSuggestions } from "./suggestions";
import styles from "./SuggestedReplies.module.css";

export function SuggestedReplies({ id, onPick }: { id: number; onPick: (item: string) => void }) {
  const { member } = useSession();
  const shown = shownSuggestions(useThread(id), useSuggestions(id), member.name);
  if (!shown) return null;
  const pick = (item: string, place: number) => {
    onPick(item);
    composeApi.picked(id, shown.basedOn, place).catch(() => undefined); // a figure, which nobody waits for
  };
  const begun = shown.items.slice(shown.whole);
  return (
    <div className={styles.suggested} role="group" aria-label="Suggested replies" aria-busy={shown.busy} data-testid="suggested-replies">
      <p className={styles.label}>
        <Sparkles size={14} strokeWidth={2} aria-hidden="true" />
        {shown.label}
      </p>
      <div className={styles.chips}>
        {shown.items.slice(0, shown.whole).map((item, place) => (
          <button key={item} type="button" className={styles.chip} onClick={() => pick(item, place)}>
            {item}
          </button>
        ))}
        {begun.map((item) => (
          <span key="begun" className={styles.begun} aria-hidden="true">
            {item}…
          </span>
        ))}
        {shown.busy && begun.length === 0 && <span className={`bone ${styles.bone}`} aria-hidden="true" />}
      </div>
      <span className={styles.unseen} role="status">
        {!shown.busy && `${shown.whole} suggested ${shown.whole === 1 ? "reply" : "replies"}`}
      </span>
    </div>
  );
}
