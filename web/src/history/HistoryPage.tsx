// History: every text and every note of all conversations, the newest first, found by words and filters. It never moves under the reader.
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowUp, Download, MessageSquareText, Search } from "lucide-react";
import { Fragment, useEffect, useLayoutEffect, useRef } from "react";
import { useOrder } from "../live/hooks";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { usePageKeys } from "../parts/usePageKeys";
import { isForRows } from "../parts/useRows";
import { landing, stepOf } from "../parts/walk";
import { dayTitle, daysBetween } from "../text/time";
import { useToday } from "../text/useToday";
import { exportAddress, historyQuery, isNarrowed, newerQuery, said, type Asked, type HistoryPageOut } from "./api";
import { Filters } from "./Filters";
import { FoundRow } from "./FoundRow";
import { PhoneTabs } from "./PhoneTabs";
import styles from "./HistoryPage.module.css";

const PAGE_KEYS = 8; // rows
const SEARCHES_BY_ITSELF = 3; // answers without a text, before the reader is asked whether to go on
const SETTLES_MS = 800;
const places = new Map<string, number>(); // how far each list was scrolled, for who comes back from a conversation

export function HistoryPage() {
  const asked = useSearch({ from: "/inside/phone/sms/history" });
  const navigate = useNavigate();
  const clear = () => void navigate({ to: "/phone/sms/history", search: {} });
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 className="hush">History</h1>
        <PhoneTabs here="history" />
        <a className={styles.export} href={exportAddress(asked)} download>
          <Download size={16} aria-hidden="true" />
          Export
        </a>
      </header>
      <Filters asked={asked} />
      <Texts key={JSON.stringify(asked)} asked={asked} onClear={clear} />
    </div>
  );
}

function Texts({ asked, onClear }: { asked: Asked; onClear: () => void }) {
  const today = useToday();
  const list = useRef<HTMLDivElement>(null);
  const found = useInfiniteQuery(historyQuery(asked));
  const pages = found.data?.pages ?? [];
  const rows = pages.flatMap((page) => page.rows);
  useKeptPlace(list, JSON.stringify(asked), found.isSuccess);
  useWalk(list);
  return (
    <div ref={list} className={styles.scroll}>
      <div className={styles.column}>
        <News asked={asked} head={pages[0]?.head ?? null} onShow={() => list.current?.scrollTo({ top: 0 })} />
        <p className="hush" role="status">
          {found.isSuccess && !found.isFetching && told(rows.length, found.hasNextPage)}
        </p>
        {found.isPending && !found.isError && <Skeletons />}
        {rows.length === 0 && <Failure error={found.error} onAgain={() => void found.refetch()} />}
        {found.isSuccess && rows.length === 0 && !found.hasNextPage && <None asked={asked} onClear={onClear} />}
        {rows.length > 0 && (
          <ol className={styles.rows} aria-label="Texts" aria-busy={found.isFetching}>
            {rows.map((row, index) => {
              const what = said(row);
              const at = new Date(what.at);
              const before = rows[index - 1];
              return (
                <Fragment key={`${row.thread_id}.${what.seq}`}>
                  {(before === undefined || daysBetween(at, new Date(said(before).at)) !== 0) && <li className={styles.day}>{dayTitle(at, today)}</li>}
                  <FoundRow row={row} typed={asked.q ?? ""} />
                </Fragment>
              );
            })}
          </ol>
        )}
        <End pages={pages} of={found} root={list} />
      </div>
    </div>
  );
}

const told = (count: number, more: boolean): string => (more ? `${count} found so far` : `${count} found`);

interface Pages {
  hasNextPage: boolean;
  isFetching: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => unknown;
}

/** What is below: read when it comes near, and asked about where a search has looked far and found nothing. */
function End({ pages, of, root }: { pages: readonly HistoryPageOut[]; of: Pages; root: React.RefObject<HTMLDivElement | null> }) {
  const mark = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetching, isFetchNextPageError, isFetchingNextPage, fetchNextPage } = of;
  const last = pages.at(-1);
  const inVain = pages.length - 1 - pages.findLastIndex((page) => page.rows.length > 0);
  const waits = last?.searched_to != null && inVain >= SEARCHES_BY_ITSELF && inVain % SEARCHES_BY_ITSELF === 0;
  useEffect(() => {
    if (!mark.current || !hasNextPage || isFetching || isFetchNextPageError || waits) return;
    const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && void fetchNextPage(), { root: root.current, rootMargin: "600px 0px" });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [hasNextPage, isFetching, isFetchNextPageError, waits, fetchNextPage, root]);
  return (
    <div ref={mark} className={styles.end}>
      {isFetchNextPageError && (
        <>
          Older texts could not be loaded. <button onClick={() => void fetchNextPage()}>Try again</button>
        </>
      )}
      {isFetchingNextPage && (last?.searched_to ? <>Searched back to {day(last.searched_to)}…</> : "Loading older texts…")}
      {waits && !isFetching && !isFetchNextPageError && (
        <>
          Searched back to {day(last.searched_to as string)}. <button onClick={() => void fetchNextPage()}>Search further back</button>
        </>
      )}
    </div>
  );
}

const day = (at: string): string => new Date(at).toLocaleDateString("en-US", { month: "long", day: "numeric", year: "numeric" });

/** How many have come since. They are shown when somebody asks for them. */
function News({ asked, head, onShow }: { asked: Asked; head: string | null; onShow: () => void }) {
  const queries = useQueryClient();
  const order = useOrder();
  const query = newerQuery(asked, head);
  const newer = useQuery(query).data;
  const first = useRef(order);
  useEffect(() => {
    if (first.current === order || head === null) return;
    const later = setTimeout(() => void queries.invalidateQueries({ queryKey: query.queryKey }), SETTLES_MS);
    return () => clearTimeout(later);
  }, [order]); // eslint-disable-line
  const count = newer?.count ?? 0;
  if (count === 0) return <div role="status" />;
  const show = () => {
    void queries.resetQueries({ queryKey: historyQuery(asked).queryKey });
    onShow();
  };
  return (
    <div role="status" className={styles.news}>
      <button onClick={show}>
        <ArrowUp size={15} strokeWidth={2.2} aria-hidden="true" />
        {count.toLocaleString("en-US")}
        {newer?.more ? "+" : ""} new
      </button>
    </div>
  );
}

/** Who comes back from a conversation finds the list where it was. */
function useKeptPlace(list: React.RefObject<HTMLDivElement | null>, name: string, ready: boolean): void {
  useLayoutEffect(() => {
    const element = list.current;
    if (!element || !ready) return;
    element.scrollTop = places.get(name) ?? 0;
    const keep = () => places.set(name, element.scrollTop);
    element.addEventListener("scroll", keep, { passive: true });
    return () => element.removeEventListener("scroll", keep);
  }, [list, name, ready]);
}

/** J and K, and the arrows within the list, go from text to text. */
function useWalk(list: React.RefObject<HTMLDivElement | null>): void {
  usePageKeys((event) => {
    const step = stepOf(event.key, PAGE_KEYS);
    const element = list.current;
    if (step === null || !element || !isForRows(event)) return;
    const links = [...element.querySelectorAll<HTMLElement>("[data-text]")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    if ((at < 0 && event.key.length > 1) || links.length === 0) return;
    event.preventDefault();
    const next = links[at < 0 ? 0 : landing(at, step, links.length)];
    next?.focus({ preventScroll: true });
    next?.closest("li")?.scrollIntoView({ block: "nearest" });
  });
}

function None({ asked, onClear }: { asked: Asked; onClear: () => void }) {
  if (!isNarrowed(asked))
    return (
      <Nothing boxed icon={MessageSquareText} title="No texts yet">
        <p>Every text that is sent or received stands here, and every note, whoever it is with.</p>
      </Nothing>
    );
  return (
    <Nothing boxed icon={Search} title="Nothing is like that">
      <p>Words find whatever begins so; put them in quotes to find exactly those, side by side.</p>
      <p>
        <button type="button" onClick={onClear}>
          Show all
        </button>
      </p>
    </Nothing>
  );
}

function Skeletons() {
  return (
    <div aria-hidden="true">
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className={`bone ${styles.bone}`} />
      ))}
    </div>
  );
}
