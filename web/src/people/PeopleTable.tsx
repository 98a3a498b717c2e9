// The rows: virtual, read page by page as they are scrolled to, one tab stop, walked with the arrows or J and K, selected with X.
import { Button, Checkbox } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleAlert, SearchX, UsersRound } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Nothing } from "../parts/Nothing";
import { usePageKeys } from "../parts/usePageKeys";
import { isForRows, useRows } from "../parts/useRows";
import { isLetter, landing, stepOf } from "../parts/walk";
import { useToday } from "../text/useToday";
import { PersonRow } from "./PersonRow";
import { pageState, span, toggle, togglePage, isSelected, type Selection } from "./selection";
import type { Contact, ContactPage } from "./types";
import styles from "./PeopleTable.module.css";

const ROW = 56; // px; as in PersonRow.module.css
const CARD = 84;
const LEAP = 10; // rows, by the page keys

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
  const { virtual, focus } = useRows({ list, ids, size: phone ? CARD : ROW, stop: at, mark: "data-person", onActive: setActive });
  const items = virtual.getVirtualItems();
  useNextPage(found, items.at(-1)?.index ?? 0, rows.length);

  const pick = useCallback(
    (id: number, through: boolean) => {
      onSelect(through && anchor.current !== null ? span(selection, anchor.current, id, ids) : toggle(selection, id, ids));
      anchor.current = id;
    },
    [onSelect, selection, ids],
  );
  const navigate = useNavigate();
  const open = (id: number) => void navigate({ to: "/people/$contactId", params: { contactId: String(id) } });
  usePageKeys((event) => {
    if (!isForRows(event)) return;
    const row = (event.target as HTMLElement).closest?.("[data-person]");
    const step = stepOf(event.key, LEAP);
    const here = ids[at];
    if (step !== null && (isLetter(event) || (row && list.current?.contains(row)))) focus(row ? landing(at, step, rows.length) : at);
    else if (row && event.key.toLowerCase() === "x" && here !== undefined) pick(here, event.shiftKey);
    else if (row && event.key === "Enter" && here !== undefined) open(here);
    else return;
    event.preventDefault();
  });
  const stand = pageState(selection, ids);

  return (
    <div ref={list} className={styles.scroll} aria-busy={found.isFetching}>
      {found.isError && rows.length === 0 && (
        <Nothing alert icon={CircleAlert} title="The people could not be loaded">
          <p>{found.error.message}</p>
          <Button variant="default" onClick={() => void found.refetch()}>
            Try again
          </Button>
        </Nothing>
      )}
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
  const { hasNextPage, isFetching, isFetchNextPageError, isPlaceholderData, fetchNextPage } = found;
  const due = hasNextPage && !isFetching && !isFetchNextPageError && !isPlaceholderData && lastShown >= count - 25;
  useEffect(() => {
    if (due) void fetchNextPage();
  }, [due, fetchNextPage]);
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

function Nobody({ narrowed, onShowAll, onNew }: { narrowed: boolean; onShowAll: () => void; onNew: () => void }) {
  if (narrowed)
    return (
      <Nothing icon={SearchX} title="Nobody matches">
        <p>Names, e-mail addresses and numbers are searched by how they begin.</p>
        <Button variant="default" onClick={onShowAll}>
          Show everybody
        </Button>
      </Nothing>
    );
  return (
    <Nothing icon={UsersRound} title="Nobody here yet">
      <p>Whoever texts one of your numbers becomes a contact by itself. Others you add one by one or import from a file.</p>
      <Button onClick={onNew}>New contact</Button>
    </Nothing>
  );
}
