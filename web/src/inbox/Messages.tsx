// The texts of a conversation: older ones load above without moving what is read, new ones stick to the bottom.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, CircleAlert, Info, Megaphone, Send } from "lucide-react";
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { api } from "../api";
import { useSession } from "../app/session";
import { composeApi } from "../compose/api";
import { ChangeLater } from "../compose/ChangeLater";
import { useLive } from "../live/hooks";
import { useCommand } from "../parts/useCommand";
import type { ThreadView } from "../live/store";
import { clockTime, dayTitle, fullTime } from "../text/time";
import { timeThere } from "../text/hours";
import { Beside } from "../team/Beside";
import { useToday } from "../text/useToday";
import { eyes, onEyes } from "../notify/eyes";
import { useHours, useMinute } from "./useHours";
import { useJump } from "./useJump";
import { bubbleOf, bubbleOfPending, layOut, type Bubble, type Whose } from "./runs";
import styles from "./Messages.module.css";

const NEAR = 48; // px: this close to the end counts as at the end

export function Messages({ id, jump, thread, name, blocked }: { id: number; jump: number | null; thread: ThreadView; name: string; blocked: boolean }) {
  const { member } = useSession();
  const today = useToday();
  const scroller = useRef<HTMLDivElement>(null);
  const messages = thread.state?.messages;
  const bubbles = useMemo(
    () => [...(messages ?? []).map((message) => bubbleOf(message, member.id)), ...thread.pending.map(bubbleOfPending)],
    [messages, thread.pending, member.id],
  );
  const newFrom = useFirstUnread(id, thread);
  const asides = thread.state?.asides;
  const items = useMemo(() => layOut(bubbles, newFrom, asides), [bubbles, newFrom, asides]);
  const { atEnd, missed, toEnd } = useEnd(scroller, bubbles, thread.state !== null, jump !== null);
  useDisplayed(id, thread, atEnd);
  const older = useOlder(id, thread, scroller);
  const jumped = useJump(id, jump, thread, scroller);

  return (
    <div className={styles.frame}>
      <div ref={scroller} className={styles.scroll} role="log" aria-live="off" aria-label={`Texts with ${name}`} tabIndex={0} aria-busy={!thread.state}>
        <div className={styles.column}>
          {older}
          {jumped}
          {!thread.state && bubbles.length === 0 && <Skeleton />}
          {items.map((item) => {
            if (item.kind === "day")
              return (
                <h3 key={item.key} className={styles.day}>
                  {dayTitle(new Date(item.at), today)}
                </h3>
              );
            if (item.kind === "new")
              return (
                <div key="new" className={styles.new} role="separator" aria-label="New texts">
                  <span aria-hidden="true">New</span>
                </div>
              );
            if (item.kind === "aside") return <Beside key={item.key} aside={item.aside} />;
            return <Run key={item.key} id={id} bubbles={item.bubbles} name={name} blocked={blocked} />;
          })}
        </div>
      </div>
      {missed && (
        <button className={styles.pill} onClick={toEnd}>
          <ArrowDown size={15} strokeWidth={2.2} aria-hidden="true" />
          New messages
        </button>
      )}
    </div>
  );
}

const Run = memo(
  function Run({ id, bubbles, name, blocked }: { id: number; bubbles: readonly Bubble[]; name: string; blocked: boolean }) {
    const first = bubbles[0] as Bubble;
    const last = bubbles.at(-1) as Bubble;
    const author = first.direction === "in" ? name : first.mine ? "You" : (first.author ?? "Your team");
    return (
      <div className={styles.run} data-dir={first.direction} data-mine={first.mine}>
        <span className={first.direction === "out" && !first.mine ? styles.author : "hush"}>{author}</span>
        {first.of && <OfCampaign of={first.of} />}
        {bubbles.map((bubble) => (
          <div key={bubble.key} className={styles.bubble} data-dir={bubble.direction} data-waiting={bubble.seq === null} data-seq={bubble.seq} title={fullTime(new Date(bubble.at))}>
            {bubble.pictures.map((url) => (
              <a key={url} href={url} target="_blank" rel="noreferrer" className={styles.picture}>
                <img src={url} alt="Picture" loading="lazy" />
              </a>
            ))}
            {bubble.body}
            {bubble.media > 0 && <em className={styles.media}>{bubble.media === 1 ? "1 attachment" : `${bubble.media} attachments`}</em>}
          </div>
        ))}
        {last.note && (
          <p className={styles.note}>
            <Info size={13} strokeWidth={2} aria-hidden="true" />
            {last.note}
          </p>
        )}
        <Fate id={id} bubble={last} blocked={blocked} />
      </div>
    );
  },
  (a, b) => a.id === b.id && a.name === b.name && a.blocked === b.blocked && a.bubbles.length === b.bubbles.length && a.bubbles.every((bubble, index) => isSame(bubble, b.bubbles[index])),
);

const isSame = (a: Bubble, b: Bubble | undefined): boolean => b !== undefined && a.key === b.key && a.seq === b.seq && a.fate.words === b.fate.words && a.fate.waits?.until === b.fate.waits?.until && a.at === b.at && a.author === b.author && a.body === b.body && a.of?.words === b.of?.words;

/** Which text to many wrote it, as a way to its page. */
function OfCampaign({ of }: { of: Whose }) {
  const bulk = of.kind === "bulk";
  const Icon = bulk ? Send : Megaphone;
  const shown = (
    <>
      <Icon size={12} strokeWidth={2} aria-hidden="true" />
      <span className="hush">{bulk ? "Bulk text " : "Campaign "}</span>
      <span>{of.words}</span>
    </>
  );
  if (bulk)
    return (
      <Link to="/bulk/$bulkId" params={{ bulkId: String(of.id) }} className={styles.of}>
        {shown}
      </Link>
    );
  return (
    <Link to="/sms/campaigns/$campaignId" params={{ campaignId: String(of.id) }} className={styles.of}>
      {shown}
    </Link>
  );
}

function Fate({ id, bubble, blocked }: { id: number; bubble: Bubble; blocked: boolean }) {
  const live = useLive();
  const { fate, seq } = bubble;
  return (
    <p className={styles.fate} data-tone={fate.tone} data-state={fate.words}>
      {fate.tone !== "quiet" && <CircleAlert size={14} strokeWidth={2} aria-hidden="true" />}
      <time dateTime={bubble.at}>{clockTime(new Date(bubble.at))}</time>
      {fate.words && <span>· {fate.waits ? <Waiting id={id} waits={fate.waits} /> : fate.words}</span>}
      {fate.act === "send-again" && seq !== null &&
        (bubble.pictures.length > 0 ? <WithPictures id={id} seq={seq} /> : <button onClick={() => live.send(id, bubble.body, { resend_of: seq })}>Send again</button>)}
      {fate.act === "release" && seq !== null && (
        <>
          {!blocked && <button onClick={() => live.release(id, seq, true)}>Send anyway</button>}
          <button onClick={() => live.release(id, seq, false)}>Discard</button>
        </>
      )}
      {fate.act === "cancel" && seq !== null && fate.waits && <Planned id={id} seq={seq} waits={fate.waits} />}
      {fate.act === "retry" && (
        <>
          <button onClick={() => live.tryAgain(id, bubble.key)}>Try again</button>
          <button onClick={() => live.discard(id, bubble.key)}>Discard</button>
        </>
      )}
    </p>
  );
}

/** The server knows the pictures of what is sent again; the socket takes words alone. */
function WithPictures({ id, seq }: { id: number; seq: number }) {
  const command = useCommand();
  const [problem, setProblem] = useState<string | null>(null);
  const again = () =>
    composeApi.sendAgain(id, seq, command.idOf(seq)).then(
      () => command.done(),
      (error: Error) => setProblem(error.message),
    );
  return (
    <>
      <button onClick={again}>Send again</button>
      {problem && <span role="alert">{problem}</span>}
    </>
  );
}

/** What waits for its time can be called off until then, and a scheduled text changed. */
function Planned({ id, seq, waits }: { id: number; seq: number; waits: NonNullable<Bubble["fate"]["waits"]> }) {
  const hours = useHours(id);
  const [changing, change] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const tell = (error: Error) => setProblem(error.message);
  const planned = waits.why === "plan";
  return (
    <>
      {planned && <button onClick={() => composeApi.change(id, seq, { send_at: new Date(0).toISOString() }).catch(tell)}>Send now</button>}
      {planned && <button onClick={() => change(true)}>Change</button>}
      <button onClick={() => composeApi.cancel(id, seq).catch(tell)}>Cancel</button>
      {problem && <span role="alert">{problem}</span>}
      {changing && <ChangeLater thread={id} seq={seq} zones={hours?.zones ?? []} onClose={() => change(false)} />}
    </>
  );
}

/** Until when it waits, by the contact's clock: that is what the wait is for. */
function Waiting({ id, waits }: { id: number; waits: NonNullable<Bubble["fate"]["waits"]> }) {
  const hours = useHours(id);
  const now = useMinute();
  const until = new Date(waits.until);
  if (until <= now) return <>Sending…</>;
  const when = hours && hours.zones.length > 0 ? `${timeThere(hours.zones, until, now)} there` : fullTime(until);
  if (waits.why === "undo") return <>Sending in a moment</>;
  if (waits.why === "plan") return <>Scheduled for {when}</>;
  return waits.why === "hours" ? <>Waiting for {when}</> : <>Waiting for {when}: they have had enough texts for now</>;
}

/** The first text that was unread when the conversation was opened; it stays marked for as long as it is open. */
function useFirstUnread(id: number, thread: ThreadView): string | null {
  const live = useLive();
  const found = useRef<string | null | undefined>(undefined);
  if (found.current === undefined && thread.state) {
    const read = live.store.readUpTo(id);
    const first = thread.state.messages.find((message) => message.in_ord != null && message.in_ord > read);
    found.current = first ? `#${first.seq}` : null;
  }
  return found.current ?? null;
}

function useEnd(scroller: React.RefObject<HTMLDivElement | null>, bubbles: readonly Bubble[], ready: boolean, jumps: boolean) {
  const stuck = useRef(!jumps);
  const [atEnd, setAtEnd] = useState(!jumps);
  const [missed, setMissed] = useState(false);
  const lastKey = bubbles.at(-1)?.key;
  const lastIsMine = bubbles.at(-1)?.seq === null;
  const toEnd = useCallback(() => {
    stuck.current = true;
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [scroller]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => {
      stuck.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
      setAtEnd(stuck.current);
      if (stuck.current) setMissed(false);
    };
    // The keyboard of a phone, a growing reply and a wider window change the room: what was at the end stays there.
    const resized = new ResizeObserver(() => stuck.current && toEnd());
    element.addEventListener("scroll", look, { passive: true });
    resized.observe(element);
    if (element.firstElementChild) resized.observe(element.firstElementChild);
    return () => {
      element.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [scroller, toEnd]);

  const seen = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    if (!ready && lastKey === undefined) return;
    const news = seen.current !== undefined && seen.current !== lastKey;
    seen.current = lastKey;
    if (stuck.current || lastIsMine) toEnd();
    else if (news) setMissed(true);
  }, [ready, lastKey, lastIsMine, toEnd]);
  return { atEnd, missed, toEnd };
}

/** Read is what was displayed: the end of the conversation, in a tab that somebody works in. */
function useDisplayed(id: number, thread: ThreadView, atEnd: boolean): void {
  const live = useLive();
  const newest = thread.state?.messages.findLast((message) => message.in_ord != null)?.in_ord ?? 0;
  useLayoutEffect(() => {
    const look = () => {
      if (atEnd && newest > 0 && eyes()) live.displayed(id, newest);
    };
    look();
    return onEyes(look);
  }, [live, id, newest, atEnd]);
}

function useOlder(id: number, thread: ThreadView, scroller: React.RefObject<HTMLDivElement | null>) {
  const live = useLive();
  const queries = useQueryClient();
  const mark = useRef<HTMLDivElement>(null);
  const height = useRef<number | null>(null);
  const [failed, setFailed] = useState(false);
  const first = thread.state?.messages[0]?.seq;
  const more = thread.state?.hasMore ?? false;

  const load = useCallback(() => {
    if (first === undefined || !more) return;
    setFailed(false);
    queries.fetchQuery({ queryKey: ["older", id, first], queryFn: () => api.olderMessages(id, first), gcTime: 0 }).then(
      (page) => {
        height.current = scroller.current?.scrollHeight ?? null;
        live.store.older(id, page.messages, page.asides, page.has_more);
        live.store.commit();
      },
      () => setFailed(true),
    );
  }, [first, more, id, live, queries, scroller]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && height.current !== null) element.scrollTop += element.scrollHeight - height.current;
    height.current = null;
  }, [first, scroller]);

  useEffect(() => {
    if (!mark.current || failed) return;
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), { root: scroller.current, rootMargin: "300px 0px 0px" });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [load, failed, scroller]);

  if (!more) return null;
  return (
    <div ref={mark} className={styles.older}>
      {failed ? (
        <>
          Older texts could not be loaded. <button onClick={load}>Try again</button>
        </>
      ) : (
        "Loading older texts…"
      )}
    </div>
  );
}

function Skeleton() {
  return (
    <div className={styles.skeleton} aria-hidden="true">
      {[46, 62, 38, 54].map((width, index) => (
        <span key={width} className="bone" style={{ width: `${width}%`, alignSelf: index % 2 ? "flex-end" : "flex-start" }} />
      ))}
    </div>
  );
}
