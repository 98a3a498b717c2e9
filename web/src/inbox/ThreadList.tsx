// The list of conversations: virtual, in the order of the newest text, one tab stop, walked with the arrows or J and K.
import { useNavigate } from "@tanstack/react-router";
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { MessageSquareDashed } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { api } from "../api";
import { isTyping } from "../app/Shortcuts";
import { NewMessageButton } from "../compose/NewMessageButton";
import { useInboxLoaded, useLive, useNextCursor, useOrder } from "../live/hooks";
import { useToday } from "../text/useToday";
import { ConnectionStatus } from "./ConnectionStatus";
import empty from "./Empty.module.css";
import { onFocusList } from "./focus";
import { ThreadRow } from "./ThreadRow";
import styles from "./ThreadList.module.css";
import { useCalmOrder } from "./useCalmOrder";

const ROW = 68; // px; a row in ThreadRow.module.css and the 2 px below it
const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };

export function ThreadList({ open }: { open: number | null }) {
  const { shown, pointer } = useCalmOrder(useOrder());
  const loaded = useInboxLoaded();
  const today = useToday();
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<number | null>(open);
  const stop = active !== null && shown.includes(active) ? active : (shown[0] ?? null);
  const activeIndex = stop === null ? -1 : shown.indexOf(stop);

  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => list.current,
    estimateSize: () => ROW,
    getItemKey: (index) => shown[index] ?? index,
    overscan: 8,
    // The row with the focus stays in the page, or the focus would be lost by scrolling.
    rangeExtractor: useCallback(
      (range: Range) => [...new Set([...defaultRangeExtractor(range), ...(activeIndex >= 0 ? [activeIndex] : [])])].sort((a, b) => a - b),
      [activeIndex],
    ),
  });
  useKeptPlace(list, shown);
  const paging = usePaging(rows.getVirtualItems().at(-1)?.index ?? 0, shown.length);

  const navigate = useNavigate();
  const openThread = useCallback(
    (id: number) => {
      setActive(id);
      void navigate({ to: "/phone/sms/$threadId", params: { threadId: String(id) } });
    },
    [navigate],
  );
  const focus = useCallback(
    (index: number) => {
      const id = shown[index];
      if (id === undefined) return;
      setActive(id);
      rows.scrollToIndex(index);
      requestAnimationFrame(() => rowOf(list.current, id)?.focus({ preventScroll: true }));
    },
    [shown, rows],
  );
  useEffect(() => setActive((before) => open ?? before), [open]);
  useEffect(() => onFocusList(() => focus(activeIndex)), [focus, activeIndex]);
  useWalk(list, (step) => focus(Math.max(0, Math.min(shown.length - 1, step === -Infinity ? 0 : step === Infinity ? shown.length - 1 : activeIndex + step))));

  return (
    <>
      <header className={styles.head}>
        <span className={styles.title} aria-hidden="true">
          Inbox
        </span>
        <ConnectionStatus />
        <NewMessageButton />
      </header>
      <div ref={list} className={styles.scroll} {...pointer}>
        {!loaded && <Skeletons count={9} />}
        {loaded && shown.length === 0 && <NoConversations />}
        <div className={styles.rows} role="listbox" aria-label="Conversations" aria-busy={!loaded} hidden={shown.length === 0} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const id = shown[item.index] as number;
            return (
              <ThreadRow
                key={id} id={id} index={item.index} count={shown.length} top={item.start} today={today}
                chosen={id === open} stop={id === stop} onOpen={openThread} onFocus={setActive}
              />
            );
          })}
        </div>
        {paging}
      </div>
    </>
  );
}

const rowOf = (list: HTMLElement | null, id: number): HTMLElement | null => list?.querySelector<HTMLElement>(`[data-id="${id}"]`) ?? null;

/** After the order changed: the focus stays on its row, and a list that was scrolled shows the rows it showed. */
function useKeptPlace(list: React.RefObject<HTMLDivElement | null>, shown: readonly number[]): void {
  const before = useRef(shown);
  // Moving a node in the page takes its focus away, so who had it is asked before the page changes.
  const focused = document.activeElement?.closest<HTMLElement>("[data-id]")?.dataset["id"];
  useLayoutEffect(() => {
    const element = list.current;
    const old = before.current;
    before.current = shown;
    if (!element || old === shown) return;
    if (focused) rowOf(element, Number(focused))?.focus({ preventScroll: true });
    if (element.scrollTop <= ROW / 2) return;
    const top = Math.floor(element.scrollTop / ROW);
    const moves = old.slice(top, top + 3).map((id, index) => ({ by: shown.indexOf(id) - (top + index), found: shown.includes(id) }));
    const least = moves.filter((move) => move.found).sort((a, b) => Math.abs(a.by) - Math.abs(b.by))[0];
    if (least && least.by !== 0) element.scrollTop += least.by * ROW;
  }, [list, shown, focused]);
}

function useWalk(list: React.RefObject<HTMLElement | null>, walk: (step: number) => void): void {
  const latest = useRef(walk);
  latest.current = walk;
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const step = STEPS[event.key];
      const element = list.current;
      if (step === undefined || !element || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const letter = event.key.length === 1; // letters work everywhere, the arrows scroll outside of the list
      const inside = element.contains(event.target as Node);
      if (!(inside || letter) || !element.checkVisibility({ visibilityProperty: true }) || document.querySelector("[role=dialog]")) return;
      event.preventDefault();
      latest.current(letter && !element.contains(document.activeElement) ? 0 : step);
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [list]);
}

function usePaging(lastShown: number, count: number) {
  const live = useLive();
  const cursor = useNextCursor();
  const [failed, setFailed] = useState<string | null>(null);
  const asked = useRef<string | null>(null);
  const due = cursor !== null && lastShown >= count - 12;
  const load = useCallback(
    (from: string) => {
      asked.current = from;
      setFailed(null);
      api.threads(from).then(
        (page) => {
          live.store.nextPage(page, from);
          live.store.commit();
        },
        () => {
          asked.current = null;
          setFailed(from);
        },
      );
    },
    [live],
  );
  useEffect(() => {
    if (due && cursor !== asked.current && failed !== cursor) load(cursor);
  }, [due, cursor, failed, load]);
  if (cursor === null) return null;
  if (failed !== cursor) return <Skeletons count={3} />;
  return (
    <p className={styles.failed} role="alert">
      Older conversations could not be loaded. <button onClick={() => load(cursor)}>Try again</button>
    </p>
  );
}

function Skeletons({ count }: { count: number }) {
  return (
    <div aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className={styles.skeleton}>
          <span className="bone" />
          <span className="bone" />
          <span className="bone" />
        </div>
      ))}
    </div>
  );
}

function NoConversations() {
  return (
    <div className={empty.empty}>
      <MessageSquareDashed size={30} strokeWidth={1.4} aria-hidden="true" />
      <h2>No conversations yet</h2>
      <p>When somebody texts one of your numbers, the conversation appears here by itself.</p>
    </div>
  );
}
