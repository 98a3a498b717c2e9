// One view of the inbox: read by the API page by page, kept true by what the socket tells of rows.
import { useCallback, useMemo, useRef, useState } from "react";
import { api } from "../api";
import { useSession } from "../app/session";
import { useInboxLoaded, useLive, useMentions, useNextCursor, useOrder, useRowsVersion } from "../live/hooks";
import { asQuery, viewed, type Show } from "./views";

export interface View {
  /** Another one for what has to be read anew. */
  readonly of: string;
  readonly ids: readonly number[];
  readonly loaded: boolean;
  /** What the next page is asked with; null: there is none. */
  readonly cursor: string | null;
  readonly load: (cursor: string) => Promise<void>;
}

interface Read {
  readonly of: string;
  readonly ids: ReadonlySet<number>;
  readonly cursor: string | null;
}

const FIRST = "";
const NOTHING: ReadonlySet<number> = new Set();

export function useView(show: Show): View {
  const open = useOpen();
  const other = useOther(show);
  return show === "open" ? open : other;
}

function useOpen(): View {
  const live = useLive();
  const ids = useOrder();
  const loaded = useInboxLoaded();
  const cursor = useNextCursor();
  const load = useCallback(
    async (from: string) => {
      live.store.nextPage(await api.threads(from), from);
      live.store.commit();
    },
    [live],
  );
  return { of: "open", ids, loaded, cursor, load };
}

function useOther(show: Show): View {
  const live = useLive();
  const { member } = useSession();
  const version = useRowsVersion(show !== "open");
  const mentions = useMentions();
  const of = show === "mentions" ? `mentions ${mentions}` : show; // whom notes ask is the server's to say
  const latest = useRef(of);
  latest.current = of;
  const [kept, keep] = useState<Read>({ of, ids: NOTHING, cursor: FIRST });
  const read = useMemo(() => (kept.of === of ? kept : { of, ids: NOTHING, cursor: FIRST }), [kept, of]);
  const load = useCallback(
    async (from: string) => {
      const page = await api.threads(from, asQuery(show));
      live.store.takeRows(page);
      live.store.commit();
      if (latest.current !== of) return;
      keep((before) => ({ of, ids: new Set([...(before.of === of && from !== FIRST ? before.ids : NOTHING), ...page.rows.map((row) => row.thread_id)]), cursor: page.next_cursor ?? null }));
    },
    [live, show, of],
  );
  const loaded = read.cursor !== FIRST;
  const ids = useMemo(
    () => (show !== "open" && loaded ? viewed(show, live.store.allRows(), read.ids, read.cursor === null, member.id) : []),
    // the version stands for the rows
    [version, show, loaded, live, read, member.id],
  );
  return { of, ids, loaded, cursor: read.cursor, load };
}
