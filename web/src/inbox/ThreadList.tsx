// The list of conversations: virtual, in the order of the newest text, one tab stop, walked with the arrows or J and K.
import { useNavigate } from "@tanstack/react-router";
import { Ellipsis, MessageSquareDashed } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSession } from "../app/session";
import { NewMessageButton } from "../compose/NewMessageButton";
import { PhoneTabs } from "../history/PhoneTabs";
import { useLive } from "../live/hooks";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { usePageKeys } from "../parts/usePageKeys";
import { isForRows, rowOf, useRows } from "../parts/useRows";
import { isLetter, landing, stepOf } from "../parts/walk";
import { RowMenu, type Spot } from "../team/RowMenu";
import { useRowDeeds } from "../team/useRowDeeds";
import { useView, type View } from "../team/useView";
import { Views } from "../team/Views";
import { campaignOf, VIEWS, type Show } from "../team/views";
import { useToday } from "../text/useToday";
import { ConnectionStatus } from "./ConnectionStatus";
import { onFocusList } from "./focus";
import { ThreadRow } from "./ThreadRow";
import styles from "./ThreadList.module.css";
import { useCalmOrder } from "./useCalmOrder";
import { useMinute } from "./useHours";

const ROW = 68; // px; a row in ThreadRow.module.css and the 2 px below it
const LEAP = 8; // rows, by the page keys
const MARK = "data-id";

export function ThreadList({ open }: { open: number | null }) {
  const live = useLive();
  const [show, setShow] = useState<Show>("open");
  const view = useView(show);
  const { shown, pointer } = useCalmOrder(view.ids);
  const { loaded } = view;
  const now = useMinute();
  const today = useToday();
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<number | null>(open);
  const stop = active !== null && shown.includes(active) ? active : (shown[0] ?? null);
  const activeIndex = stop === null ? -1 : shown.indexOf(stop);

  const { virtual: rows, focus } = useRows({ list, ids: shown, size: ROW, stop: activeIndex, mark: MARK, onActive: setActive });
  useKeptPlace(list, shown);
  const paging = usePaging(view, rows.getVirtualItems().at(-1)?.index ?? 0, shown.length);

  const navigate = useNavigate();
  const openThread = useCallback(
    (id: number) => {
      setActive(id);
      void navigate({ to: "/phone/sms/$threadId", params: { threadId: String(id) } });
    },
    [navigate],
  );
  useEffect(() => setActive((before) => open ?? before), [open]);
  const { deeds, error } = useRowDeeds(open);
  const { member } = useSession();
  const [menu, openMenu] = useState<Spot | null>(null);
  const [hovered, hover] = useState<number | null>(null);
  const hoveredRow = hovered === null ? undefined : rows.getVirtualItems().find((item) => item.key === hovered);
  const ask = useCallback((id: number, x: number, y: number) => openMenu({ id, x, y }), []);
  /** Letters for the row that has the focus, or else for the conversation that is open. */
  const act = (event: KeyboardEvent) => {
    const focused = list.current?.contains(document.activeElement) ? active : null;
    const id = focused ?? open;
    const row = id === null ? undefined : live.store.row(id)?.row;
    if (id === null || !row) return;
    const leaves = () => focused !== null && activeIndex >= 0 && focus(activeIndex + 1 < shown.length ? activeIndex + 1 : activeIndex - 1); // the next one is at hand
    const place = (rowOf(list.current, MARK, id) ?? list.current)?.getBoundingClientRect();
    if (event.key === "u") deeds.unread(id, true);
    else if (event.key === "a") deeds.assign(id, member.id);
    else if (event.key === "s" && place) ask(id, place.left + 64, place.top + 40);
    else if (event.key === "e") {
      if (!row.closed && show !== "closed") leaves();
      deeds.close(id, !row.closed);
    } else return;
    event.preventDefault();
  };
  useEffect(() => onFocusList(() => focus(activeIndex)), [focus, activeIndex]);
  usePageKeys((event) => {
    const step = stepOf(event.key, LEAP);
    const element = list.current;
    if (element && step === null && isForRows(event) && !event.shiftKey) return act(event);
    if (step === null || !element || !isForRows(event)) return;
    const letter = isLetter(event); // letters work everywhere, the arrows scroll outside of the list
    if (!(letter || element.contains(event.target as Node)) || !element.checkVisibility({ visibilityProperty: true })) return;
    event.preventDefault();
    focus(letter && !element.contains(document.activeElement) ? Math.max(0, activeIndex) : landing(activeIndex, step, shown.length));
  });

  return (
    <>
      <header className={styles.head}>
        <PhoneTabs here="inbox" />
        <ConnectionStatus />
        <NewMessageButton />
      </header>
      <Views
        show={show}
        onShow={(next) => {
          setShow(next);
          list.current?.scrollTo({ top: 0 });
        }}
      />
      {error && (
        <div className={styles.refused}>
          <Failure brief error={error} />
        </div>
      )}
      <div
        ref={list} className={styles.scroll} onPointerMove={pointer.onPointerMove}
        onPointerOver={(event) => event.pointerType === "mouse" && hover(hoveredBy(event.target as Element))}
        onPointerLeave={() => {
          hover(null);
          pointer.onPointerLeave();
        }}
      >
        {!loaded && <Skeletons count={9} />}
        {loaded && shown.length === 0 && view.cursor === null && (show === "open" ? <NoConversations /> : <NoneOf show={show} />)}
        <div className={styles.rows} role="listbox" aria-label="Conversations" aria-busy={!loaded} hidden={shown.length === 0} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const id = shown[item.index] as number;
            return (
              <ThreadRow
                key={id} id={id} index={item.index} count={shown.length} top={item.start} today={today}
                chosen={id === open} hovered={id === hovered} stop={id === stop} waitsAt={show === "waiting" ? now : null} onOpen={openThread} onFocus={setActive} onAsk={ask}
              />
            );
          })}
        </div>
        {hoveredRow && (
          <button
            type="button" tabIndex={-1} className={styles.more} aria-label="More" title="More; also by the right mouse button" data-more={hoveredRow.key} style={{ top: hoveredRow.start + 8 }}
            onClick={(event) => {
              const { left, bottom } = event.currentTarget.getBoundingClientRect();
              ask(hoveredRow.key as number, left, bottom);
            }}
          >
            <Ellipsis size={16} strokeWidth={2.2} aria-hidden="true" />
          </button>
        )}
        {paging}
      </div>
      {menu && <RowMenu at={menu} deeds={deeds} onClose={() => openMenu(null)} />}
    </>
  );
}

/** The row under the mouse, or whose button is. */
function hoveredBy(target: Element): number | null {
  const row = target.closest<HTMLElement>(`[${MARK}], [data-more]`);
  return row ? Number(row.dataset["id"] ?? row.dataset["more"]) : null;
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

function usePaging({ of, cursor, load }: View, lastShown: number, count: number) {
  const [failed, setFailed] = useState<string | null>(null);
  const asked = useRef<string | null>(null);
  const place = cursor === null ? null : `${of} ${cursor}`;
  const due = place !== null && lastShown >= count - 12;
  const read = useCallback(() => {
    if (cursor === null) return;
    asked.current = place;
    setFailed(null);
    load(cursor).catch(() => {
      asked.current = null;
      setFailed(place);
    });
  }, [cursor, place, load]);
  useEffect(() => {
    if (due && place !== asked.current && failed !== place) read();
  }, [due, place, failed, read]);
  if (place === null) return null;
  if (failed !== place) return <Skeletons count={3} />;
  return (
    <p className={styles.failed} role="alert">
      Older conversations could not be loaded. <button onClick={read}>Try again</button>
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

function NoneOf({ show }: { show: Show }) {
  const campaign = campaignOf(show) !== null;
  return (
    <Nothing icon={MessageSquareDashed} title={campaign ? "No conversations of this campaign" : `No conversations under ${VIEWS[show as keyof typeof VIEWS]}`}>
      {show === "closed" && <p>What you close is archived here, and comes back by itself when they write again.</p>}
      {campaign && <p>Whom it wrote to appears here, unless another campaign has written to them since.</p>}
      <p>Choose “Open” to see those that are at work.</p>
    </Nothing>
  );
}
