// The member's own phone: what is known of it, and the code that proves it. The code is told once, and kept while the tab is open.
import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { call } from "../api";
import type { OwnNumberOut } from "../gen/wire";
import { useOwnNumberNews } from "../live/hooks";

const LOOK_MS = 5_000; // a push may be lost with the connection

export const ownNumberQuery = queryOptions({
  queryKey: ["own-number"],
  queryFn: () => call<OwnNumberOut>("GET", "/me/number"),
  refetchInterval: (query) => (query.state.data?.state === "waiting" ? LOOK_MS : false),
});

export interface Shown {
  readonly address: string;
  readonly code: string;
}
const CODE = ["own-number-code"];
const codeQuery = queryOptions({ queryKey: CODE, queryFn: (): Shown | null => null, staleTime: Infinity, gcTime: Infinity });

const ownApi = {
  ask: (address: string) => call<{ number: OwnNumberOut; code: string | null }>("POST", "/me/number", { address }),
  remove: () => call<unknown>("DELETE", "/me/number"),
  /** In the demo alone. */
  textIn: (code: string) => call<unknown>("POST", "/demo/handset", { code }),
};

function take(queries: QueryClient, number: OwnNumberOut): void {
  queries.setQueryData(ownNumberQuery.queryKey, number);
}

/** How the number stands, as it changes. */
export function useOwnNumber() {
  const queries = useQueryClient();
  const news = useOwnNumberNews();
  const taken = useRef(news);
  useEffect(() => {
    if (news === null || news === taken.current) return;
    taken.current = news;
    take(queries, news);
  }, [news, queries]);
  return useQuery(ownNumberQuery);
}

/** The code that was shown for this number in this tab, if one was. */
export function useShownCode(address: string | null): string | null {
  const shown = useQuery(codeQuery).data;
  return shown && shown.address === address ? shown.code : null;
}

export function useAsk() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ownApi.ask,
    onSuccess: ({ number, code }) => {
      const shown: Shown | null = code === null || number.address === null ? null : { address: number.address, code };
      if (shown) queries.setQueryData(codeQuery.queryKey, shown);
      take(queries, number);
    },
  });
}

export function useRemove() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: ownApi.remove, onSuccess: () => queries.invalidateQueries({ queryKey: ownNumberQuery.queryKey }) });
}

export const useTextIn = () => useMutation({ mutationFn: ownApi.textIn });
