// Everybody the workspace knows: searched, filtered, sorted, selected. What is shown is in the address, so that going back finds it again.
import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { FileUp, ListFilter, Search, UserPlus, X } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { isTyping } from "../app/Shortcuts";
import { Builder } from "../filters/Builder";
import { conditions, sameFilter, type Filter } from "../filters/filter";
import { countQuery, filtersQuery, peopleQuery } from "./api";
import { NewContact } from "./NewContact";
import { PeopleTable } from "./PeopleTable";
import { amount, flatten } from "./rows";
import { SavedFilters } from "./SavedFilters";
import { NOBODY, type Selection, type Spec } from "./selection";
import { SelectionBar } from "./SelectionBar";
import type { Sort } from "./types";
import styles from "./PeoplePage.module.css";

const SORTS: { value: Sort; label: string }[] = [
  { value: "name", label: "Name" },
  { value: "activity", label: "Last text" },
  { value: "created", label: "Newest" },
];
const TYPING_MS = 180;

export function PeoplePage() {
  const { spec, sort, saved, show } = usePlace();
  const phone = useMediaQuery("(max-width: 767px)", matchMedia("(max-width: 767px)").matches) ?? false;
  const [building, build] = useState(false);
  const [creating, create] = useState(false);
  const [selection, select] = useState<Selection>(NOBODY);
  const found = useInfiniteQuery({ ...peopleQuery(spec, sort), placeholderData: keepPreviousData });
  const total = useQuery({ ...countQuery(spec), placeholderData: keepPreviousData });
  const rows = useMemo(() => flatten(found.data), [found.data]);
  const count = total.data?.count ?? null;
  const key = JSON.stringify(spec);
  useEffect(() => select(NOBODY), [key]); // who is no longer shown must not be texted
  const used = conditions(spec.filter);
  const builder = (
    <Builder
      definition={spec.filter} saved={saved} count={total.isError ? null : count} counting={total.isFetching && total.isPlaceholderData}
      onChange={(definition) => show({ f: definition, filter: saved?.filter_id })} onChosen={(id) => show({ filter: id, f: undefined })} onClose={() => build(false)}
    />
  );
  return (
    <div className={styles.page}>
      <SavedFilters chosen={saved?.filter_id ?? null} everybody={spec.filter === null} onChoose={(id) => show({ filter: id ?? undefined, f: undefined })} />
      <section className={styles.column} aria-labelledby="people">
        <header className={styles.head}>
          <div className={styles.titles}>
            <h1 id="people">{saved?.name ?? "People"}</h1>
            <p className="numeric" role="status" data-testid="people-count">
              {count !== null && !total.isPlaceholderData ? amount(count) : ""}
            </p>
          </div>
          <div className={styles.doors}>
            <Button component="a" href="/people/import" variant="default" className={styles.second} leftSection={<FileUp size={16} aria-hidden="true" />}>
              <span className={styles.word}>Import</span>
            </Button>
            <Button className={styles.first} leftSection={<UserPlus size={16} aria-hidden="true" />} onClick={() => create(true)}>
              <span>New<span className={styles.word}> contact</span></span>
            </Button>
          </div>
        </header>
        <div className={styles.tools}>
          <SearchBox q={spec.q} onSearch={(q) => show({ q: q || undefined })} />
          <NativeSelect className={styles.sort} aria-label="Sort by" value={sort} data={SORTS} onChange={(event) => show({ sort: event.currentTarget.value as Sort })} />
          <Button variant="default" leftSection={<ListFilter size={16} aria-hidden="true" />} aria-expanded={building} onClick={() => build(!building)}>
            Filter{used > 0 && <span className={styles.used}>{used}<span className="hush"> conditions</span></span>}
          </Button>
        </div>
        {building && !phone && builder}
        {phone && (
          <Modal opened={building} onClose={() => build(false)} fullScreen radius={0} title="Filter" closeButtonProps={{ "aria-label": "Close" }}>
            {builder}
          </Modal>
        )}
        <PeopleTable
          rows={rows} total={count} found={found} partial={found.data?.pages.some((page) => page.partial) ?? false} selection={selection} onSelect={select}
          narrowed={spec.q !== "" || spec.filter !== null} phone={phone} onShowAll={() => show({ q: undefined, f: undefined, filter: undefined })} onNew={() => create(true)}
        />
        <SelectionBar selection={selection} spec={spec} total={count} loaded={rows} onSelect={select} />
      </section>
      {creating && <NewContact onClose={() => create(false)} />}
    </div>
  );
}

/** What the address says, with the saved filter that it names. */
function usePlace() {
  const search = useSearch({ from: "/inside/people" });
  const navigate = useNavigate();
  const filters = useQuery(filtersQuery);
  const saved = filters.data?.find((one) => one.filter_id === search.filter) ?? null;
  const filter: Filter | null = search.f === undefined ? (saved?.definition ?? null) : search.f;
  const q = search.q ?? "";
  const spec: Spec = useMemo(() => ({ filter, q }), [JSON.stringify(filter), q]);
  const show = useCallback(
    (change: { q?: string | undefined; f?: Filter | null | undefined; filter?: number | undefined; sort?: Sort }) =>
      void navigate({
        to: "/people",
        replace: true,
        search: (before) => {
          const next = { ...before, ...change };
          // A saved filter that was brought back to what is saved is that filter again.
          const same = "f" in change && saved !== null && next.filter === saved.filter_id && sameFilter(next.f ?? null, saved.definition);
          const nothing = next.filter === undefined && next.f === null;
          return Object.fromEntries(Object.entries({ ...next, f: same || nothing ? undefined : next.f }).filter(([, value]) => value !== undefined));
        },
      }),
    [navigate, saved],
  );
  return { spec, sort: search.sort ?? ("name" as Sort), saved, show };
}

function SearchBox({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const [text, setText] = useState(q);
  const [settled] = useDebouncedValue(text, TYPING_MS);
  const box = useRef<HTMLInputElement>(null);
  const told = useRef(q);
  useEffect(() => {
    if (settled === told.current) return;
    told.current = settled;
    onSearch(settled);
  }, [settled, onSearch]);
  useEffect(() => {
    if (q === told.current) return; // the address changed by itself: back, or "show all"
    told.current = q;
    setText(q);
  }, [q]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      event.preventDefault();
      box.current?.focus();
      box.current?.select();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  return (
    <TextInput
      ref={box} type="search" className={styles.search} aria-label="Search people" placeholder="Name, number or e-mail" value={text} onChange={(event) => setText(event.currentTarget.value)}
      leftSection={<Search size={16} aria-hidden="true" />}
      rightSection={
        text && (
          <button type="button" className={styles.clear} aria-label="Clear the search" onClick={() => setText("")}>
            <X size={15} aria-hidden="true" />
          </button>
        )
      }
      onKeyDown={(event) => {
        if (event.key === "Escape") setText("");
        if (event.key === "ArrowDown") document.querySelector<HTMLElement>("[data-person][tabindex='0']")?.focus();
      }}
    />
  );
}

