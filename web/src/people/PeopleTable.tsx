// The rows: virtual, read page by page as they are scrolled to, one tab stop, walked with the arrows or J and K, selected with X.
import { Button, Checkbox } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { CircleAlert, SearchX, UsersRound } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { isTyping } from "../app/Shortcuts";
import { useToday } from "../text/useToday";
import { PersonRow } from "./PersonRow";
import { pageState, span, toggle, togglePage, isSelected, type Selection } from "./selection";
import type { Contact, ContactPage } from "./types";
import styles from "./PeopleTable.module.css";

const ROW = 56; // px; as in PersonRow.module.css
const CARD = 84;
const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

interface Props {
  rows: readonly Contact[];
  total: number | null;
  found: UseInfiniteQueryResult<InfiniteData<ContactPage>>;
  partial: boolean;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** By a search or a filter: then nobody may mean something else than that there is nobody. */
  narrowed: boolean;
  phone: boolean;
  onShowAll: () => void;
  onNew: () => void;
}

export function PeopleTable({ rows, total, found, partial, selection, onSelect, narrowed, phone, onShowAll, onNew }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const today = useToday();
  const ids = useMemo(() => rows.map((row) => row.contact_id), [rows]);
  const places = useMemo(() => new Map(ids.map((id, index) => [id, index])), [ids]);
  const [active, setActive] = useState<number | null>(null);
  const anchor = useRef<number | null>(null);
  const at = active === null ? 0 : (places.get(active) ?? 0);
  const size = phone ? CARD : ROW;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => list.current,
    estimateSize: () => size,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 8,
    rangeExtractor: useCallback((range: Range) => [...new Set([...defaultRangeExtractor(range), ...(rows.length > 0 ? [at] : [])])].sort((a, b) => a - b), [at, rows.length]),
  });
  useEffect(() => virtual.measure(), [size, virtual]);
  const items = virtual.getVirtualItems();
  useNextPage(found, items.at(-1)?.index ?? 0, rows.length);

  const focus = useCallback(
    (index: number) => {
      const id = ids[index];
      if (id === undefined) return;
      setActive(id);
      virtual.scrollToIndex(index);
      requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-person="${id}"]`)?.focus({ preventScroll: true }));
    },
    [ids, virtual],
  );
  const pick = useCallback(
    (id: number, through: boolean) => {
      onSelect(through && anchor.current !== null ? span(selection, anchor.current, id, ids) : toggle(selection, id, ids));
      anchor.current = id;
    },
    [onSelect, selection, ids],
  );
  const navigate = useNavigate();
  const open = (id: number) => void navigate({ to: "/people/$contactId", params: { contactId: String(id) } });
  useKeys(list, {
    walk: (step, enter) => focus(enter ? at : Math.max(0, Math.min(rows.length - 1, step === -Infinity ? 0 : step === Infinity ? rows.length - 1 : at + step))),
    pick: (through) => ids[at] !== undefined && pick(ids[at], through),
    open: () => ids[at] !== undefined && open(ids[at]),
  });
  const stand = pageState(selection, ids);

  return (
    <div ref={list} className={styles.scroll} aria-busy={found.isFetching}>
      {found.isError && rows.length === 0 && <Failed message={found.error.message} onAgain={() => void found.refetch()} />}
      {found.isPending && !found.isError && <Bones count={9} />}
      {found.isSuccess && rows.length === 0 && <Nobody narrowed={narrowed} onShowAll={onShowAll} onNew={onNew} />}
      {rows.length > 0 && (
        <div role="grid" aria-label="People" aria-multiselectable="true" aria-rowcount={(total ?? rows.length) + 1} aria-colcount={7} data-stale={found.isPlaceholderData || undefined}>
          <div role="row" aria-rowindex={1} className={styles.headings}>
            <span role="columnheader">
              <Checkbox
                size="sm" aria-label={`Select the ${rows.length} shown`} checked={stand === "all"} indeterminate={stand === "some"} onChange={() => onSelect(togglePage(selection, ids))}
              />
            </span>
            <span role="columnheader">Name</span>
            <span role="columnheader" data-from="phone">Phone</span>
            <span role="columnheader" data-from="tags">Tags</span>
            <span role="columnheader" data-from="stage">Stage</span>
            <span role="columnheader" data-from="owner">Owner</span>
            <span role="columnheader" data-from="text">Last text</span>
          </div>
          <div role="rowgroup" className={styles.rows} style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index] as Contact;
              return (
                <PersonRow
                  key={row.contact_id} contact={row} index={item.index + 2} top={item.start} today={today} selected={isSelected(selection, row.contact_id)} stop={item.index === at}
                  onPick={pick} onFocus={setActive}
                />
              );
            })}
          </div>
        </div>
      )}
      {partial && <p className={styles.foot}>There are more matches than are shown. Another letter finds the rest.</p>}
      {found.isFetchingNextPage && <Bones count={2} />}
      {found.isFetchNextPageError && (
        <p className={styles.foot} role="alert">
          More people could not be loaded. <button onClick={() => void found.fetchNextPage()}>Try again</button>
        </p>
      )}
    </div>
  );
}

function useNextPage(found: Props["found"], lastShown: number, count: number): void {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, isPlaceholderData, fetchNextPage } = found;
  const due = hasNextPage && !isFetchingNextPage && !isFetchNextPageError && !isPlaceholderData && lastShown >= count - 25;
  useEffect(() => {
    if (due) void fetchNextPage();
  }, [due, fetchNextPage]);
}

interface Keys {
  walk: (step: number, enter: boolean) => void;
  pick: (through: boolean) => void;
  open: () => void;
}

function useKeys(list: React.RefObject<HTMLElement | null>, keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const element = list.current;
      if (!element || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog], [role=menu]")) return;
      const row = (event.target as HTMLElement).closest?.("[data-person]");
      const letter = event.key.length === 1;
      const step = STEPS[event.key];
      if (step !== undefined && (letter || (row && element.contains(row)))) latest.current.walk(step, row === null);
      else if (row && event.key.toLowerCase() === "x") latest.current.pick(event.shiftKey);
      else if (row && event.key === "Enter") latest.current.open();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [list]);
}

function Bones({ count }: { count: number }) {
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

function Failed({ message, onAgain }: { message: string; onAgain: () => void }) {
  return (
    <div className={styles.nothing} role="alert">
      <CircleAlert size={30} strokeWidth={1.4} aria-hidden="true" />
      <h2>The people could not be loaded</h2>
      <p>{message}</p>
      <Button variant="default" onClick={onAgain}>
        Try again
      </Button>
    </div>
  );
}

function Nobody({ narrowed, onShowAll, onNew }: { narrowed: boolean; onShowAll: () => void; onNew: () => void }) {
  if (narrowed)
    return (
      <div className={styles.nothing}>
        <SearchX size={30} strokeWidth={1.4} aria-hidden="true" />
        <h2>Nobody matches</h2>
        <p>Names, e-mail addresses and numbers are searched by how they begin.</p>
        <Button variant="default" onClick={onShowAll}>
          Show everybody
        </Button>
      </div>
    );
  return (
    <div className={styles.nothing}>
      <UsersRound size={30} strokeWidth={1.4} aria-hidden="true" />
      <h2>Nobody here yet</h2>
      <p>Whoever texts one of your numbers becomes a contact by itself. Others you add one by one or import from a file.</p>
      <Button onClick={onNew}>New contact</Button>
    </div>
  );
}
