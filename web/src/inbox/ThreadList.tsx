// The list of conversations: virtual, in the order of the newest text, one tab stop, walked with the arrows or J and K.
import { useNavigate } from "@tanstack/react-router";
import { MessageSquareDashed } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { api } from "../api";
import { NewMessageButton } from "../compose/NewMessageButton";
import { useInboxLoaded, useLive, useNextCursor, useOrder } from "../live/hooks";
import { Nothing } from "../parts/Nothing";
import { usePageKeys } from "../parts/usePageKeys";
import { isForRows, rowOf, useRows } from "../parts/useRows";
import { isLetter, landing, stepOf } from "../parts/walk";
import { useToday } from "../text/useToday";
import { ConnectionStatus } from "./ConnectionStatus";
import { onFocusList } from "./focus";
import { ThreadRow } from "./ThreadRow";
import styles from "./ThreadList.module.css";
import { useCalmOrder } from "./useCalmOrder";

const ROW = 68; // px; a row in ThreadRow.module.css and the 2 px below it
const LEAP = 8; // rows, by the page keys
const MARK = "data-id";

export function ThreadList({ open }: { open: number | null }) {
  const { shown, pointer } = useCalmOrder(useOrder());
  const loaded = useInboxLoaded();
  const today = useToday();
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<number | null>(open);
  const stop = active !== null && shown.includes(active) ? active : (shown[0] ?? null);
  const activeIndex = stop === null ? -1 : shown.indexOf(stop);

  const { virtual: rows, focus } = useRows({ list, ids: shown, size: ROW, stop: activeIndex, mark: MARK, onActive: setActive });
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
  useEffect(() => setActive((before) => open ?? before), [open]);
  useEffect(() => onFocusList(() => focus(activeIndex)), [focus, activeIndex]);
  usePageKeys((event) => {
    const step = stepOf(event.key, LEAP);
    const element = list.current;
    if (step === null || !element || !isForRows(event)) return;
    const letter = isLetter(event); // letters work everywhere, the arrows scroll outside of the list
    if (!(letter || element.contains(event.target as Node)) || !element.checkVisibility({ visibilityProperty: true })) return;
    event.preventDefault();
    focus(letter && !element.contains(document.activeElement) ? Math.max(0, activeIndex) : landing(activeIndex, step, shown.length));
  });

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
    if (focused) rowOf(element, MARK, Number(focused))?.focus({ preventScroll: true });
    if (element.scrollTop <= ROW / 2) return;
    const top = Math.floor(element.scrollTop / ROW);
    const moves = old.slice(top, top + 3).map((id, index) => ({ by: shown.indexOf(id) - (top + index), found: shown.includes(id) }));
    const least = moves.filter((move) => move.found).sort((a, b) => Math.abs(a.by) - Math.abs(b.by))[0];
    if (least && least.by !== 0) element.scrollTop += least.by * ROW;
  }, [list, shown, focused]);
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
    <Nothing icon={MessageSquareDashed} title="No conversations yet">
      <p>When somebody texts one of your numbers, the conversation appears here by itself.</p>
    </Nothing>
  );
}
