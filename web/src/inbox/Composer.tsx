// The reply: what it costs while it is written, a draft that outlives the page, Enter to send.
import { ActionIcon, Checkbox } from "@mantine/core";
import { Ban, MoonStar, PenLine, SendHorizontal } from "lucide-react";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { InboxRow } from "../gen/wire";
import { Extras, ExtraTools, useExtras } from "../compose/Extras";
import { useDraft } from "../compose/useDraft";
import { useLive } from "../live/hooks";
import { sends } from "../parts/sends";
import { useOthersClaim } from "../team/useOthersClaim";
import { TemplatePicker } from "../templates";
import { timeThere } from "../text/hours";
import { nameOrNumber } from "../text/people";
import { isPhone } from "./focus";
import { useHours, useMinute } from "./useHours";
import { Cost, MAX_CHARACTERS } from "./Cost";
import { SuggestedReplies } from "./SuggestedReplies";
import { withSuggestion } from "./suggestions";
import styles from "./Composer.module.css";

const TALLEST = 220; // px
const ONE_LINE = 18; // characters beside the buttons of a phone

export const Composer = memo(function Composer({ id, row }: { id: number; row: InboxRow | undefined }) {
  const live = useLive();
  const draft = useDraft(id);
  const text = draft.body;
  const extras = useExtras(id, draft);
  const [acknowledged, acknowledge] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const length = useMemo(() => [...text].length, [text]);
  const optedOut = row?.opted_out ?? false;
  const blocked = row?.carrier_blocked ?? false;
  const held = (row?.held ?? false) && !optedOut;
  const silent = optedOut || held;
  const invalid = blocked ? null : (row?.invalid ?? null);
  const closed = !row || blocked || invalid !== null || (silent && !acknowledged);
  const other = useOthersClaim(row);
  const ready = !closed && other === null && (text.trim() !== "" || extras.attached.pictures.length > 0) && length <= MAX_CHARACTERS && !extras.busy && !(extras.plan && silent);

  useEffect(() => acknowledge(false), [optedOut, held]);
  useEffect(() => {
    if (!closed && !isPhone()) box.current?.focus({ preventScroll: true });
  }, [closed]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, TALLEST)}px`;
  }, [text]);
  useEffect(
    () => () => {
      live.typing(id, false);
      live.unclaim(id);
    },
    [live, id],
  );

  const send = () => {
    if (!ready) return;
    if (extras.wanted) {
      extras.send(silent);
      return;
    }
    live.send(id, text, silent ? { acknowledged_opt_out: true } : {});
    draft.done(draft);
    live.unclaim(id);
    box.current?.focus();
  };
  const write = (next: string) => {
    draft.write(next);
    live.typing(id, next !== "");
    if (next.trim() === "") live.unclaim(id);
    else if (other === null) live.claim(id);
  };
  const take = (item: string) => {
    write(withSuggestion(text, item));
    box.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (!sends(event)) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      className={styles.composer}
      aria-label="Reply"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {silent && !blocked && !invalid && (
        <div className={styles.notice}>
          <p>
            <Ban size={15} strokeWidth={2} aria-hidden="true" />
            {held ? "This contact may have asked to stop. You may still answer as a person." : "This contact opted out and gets no campaigns. You may still answer as a person."}
          </p>
          <Checkbox
            checked={acknowledged} onChange={(event) => acknowledge(event.currentTarget.checked)}
            label={held ? "I know that this contact may have asked to stop" : "I know that this contact opted out"}
          />
        </div>
      )}
      {blocked && (
        <div className={styles.notice}>
          <p>
            <Ban size={15} strokeWidth={2} aria-hidden="true" />
            Blocked by the carrier. Only the contact can lift it, by texting START.
          </p>
        </div>
      )}
      {invalid && (
        <div className={styles.notice}>
          <p>
            <Ban size={15} strokeWidth={2} aria-hidden="true" />
            Texts to this number do not arrive. {invalid}
          </p>
        </div>
      )}
      {other && (
        <div className={styles.notice} role="status">
          <p>
            <PenLine size={15} strokeWidth={2} aria-hidden="true" />
            {other.by.name} is answering
          </p>
          <button
            type="button"
            onClick={() => {
              live.claim(id, true);
              box.current?.focus();
            }}
          >
            Take over
          </button>
        </div>
      )}
      {row && !blocked && <QuietHours id={id} name={nameOrNumber(row)} />}
      {!closed && <SuggestedReplies id={id} onPick={take} />}
      <Extras extras={extras} />
      <div className={styles.box} data-closed={closed} data-long={length > ONE_LINE || text.includes("\n")} onDrop={extras.attached.drop} onDragOver={(event) => event.preventDefault()}>
        <TemplatePicker threadId={id} text={text} box={box} disabled={closed} onPick={write} />
        <textarea
          ref={box} rows={1} aria-label="Message" aria-describedby="reply-cost" enterKeyHint="send" value={text} disabled={closed}
          placeholder={blocked || invalid ? "Replies are blocked" : closed && row ? "Tick the box to write" : "Write a reply"}
          onChange={(event) => write(event.currentTarget.value)} onKeyDown={key} onBlur={() => live.typing(id, false)} onPaste={extras.attached.paste}
        />
        <ExtraTools extras={extras} disabled={closed} />
        <ActionIcon type="submit" size={36} radius={11} variant="filled" aria-label={extras.plan ? "Schedule" : "Send"} disabled={!ready} className={styles.send}>
          <SendHorizontal size={18} strokeWidth={2} />
        </ActionIcon>
      </div>
      <Cost text={text} length={length} pictures={extras.attached.pictures.length} onReplace={write} />
    </form>
  );
});

/** A person may write at any hour, and should know which it is. */
function QuietHours({ id, name }: { id: number; name: string }) {
  const hours = useHours(id);
  const now = useMinute();
  if (!hours || hours.open || (hours.until && Date.parse(hours.until) <= now.getTime())) return null;
  return (
    <div className={styles.hint} role="note" data-testid="quiet-hours">
      <MoonStar size={15} strokeWidth={2} aria-hidden="true" />
      <p>
        {hours.zones.length > 0 ? (
          <>
            It is <strong>{timeThere(hours.zones, now, now)}</strong> where {name} may be.
          </>
        ) : (
          <>Nobody can tell what time it is where {name} is.</>
        )}{" "}
        Your reply goes out at once{hours.until && <>; campaigns wait until {timeThere(hours.zones, new Date(hours.until), now)} there</>}.{hours.by_zip && ` ${hours.by_zip}`}
      </p>
    </div>
  );
}
