// How components see the live state: each subscribes to the one key that it shows.
import { createContext, use, useCallback, useEffect, useSyncExternalStore } from "react";
import type { BulkOut, CampaignOut, OwnNumberOut, SuggestionsOut } from "../gen/wire";
import type { Live } from "./live";
import type { Colleague, RowView, ThreadView } from "./store";
import type { Status } from "./socket";

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = use(LiveContext);
  if (!live) throw new Error("useLive stands outside of the logged-in part");
  return live;
}

function useKey<T>(key: Parameters<Live["store"]["subscribe"]>[0], read: (live: Live) => T): T {
  const live = useLive();
  const subscribe = useCallback((listener: () => void) => live.store.subscribe(key, listener), [live, key]);
  return useSyncExternalStore(subscribe, () => read(live));
}

export const useOrder = (): readonly number[] => useKey("order", (live) => live.store.order);
export const useInboxLoaded = (): boolean => useKey("order", (live) => live.store.loaded);
/** Rises with whatever changes any row, for who is *on* the lookout; else it may be old. */
export const useRowsVersion = (on: boolean): number => useKey(on ? "rows" : "order", (live) => (on ? live.store.rowsVersion : 0));
export const useNextCursor = (): string | null => useKey("order", (live) => live.store.nextCursor());
export const useBadge = (): number => useKey("badge", (live) => live.store.badge);
export const useMentions = (): number => useKey("mentions", (live) => live.store.mentions);
export const useReviewCount = (): number => useKey("review", (live) => live.store.reviews.open);
/** Another object whenever what waits for a decision has changed, even where as many wait as before. */
export const useReviewNews = (): object => useKey("review", (live) => live.store.reviews);
/** What was last told of the member's own phone; another object with each word of it. */
export const useOwnNumberNews = (): OwnNumberOut | null => useKey("own_number", (live) => live.store.ownNumber);
export const useRow = (id: number): RowView | undefined => useKey(`row:${id}`, (live) => live.store.row(id));
export const useThread = (id: number): ThreadView => useKey(`thread:${id}`, (live) => live.store.thread(id));
export const usePeople = (id: number): readonly Colleague[] => useKey(`people:${id}`, (live) => live.store.people(id));
/** What the workspace sets for itself is at this version; null until it was told. */
export const useSettingsVersion = (): number | null => useKey("settings", (live) => live.store.settings?.version ?? null);
/** What was last suggested for a thread, which may be for an older text than the newest. */
export const useSuggestions = (id: number): SuggestionsOut | undefined => useKey(`suggestions:${id}`, (live) => live.store.suggestions(id));

/** How a text to many stands, as it changes; one that is *still* is not followed. */
export function useBulk(id: number, still = false): BulkOut | undefined {
  const live = useLive();
  useEffect(() => (still ? undefined : live.follow(id)), [live, id, still]);
  return useKey(`bulk:${id}`, () => live.store.bulk(id));
}

/** How a campaign stands, as it changes. */
export function useCampaign(id: number): CampaignOut | undefined {
  const live = useLive();
  useEffect(() => live.followCampaign(id), [live, id]);
  return useKey(`campaign:${id}`, () => live.store.campaign(id));
}

/** Those campaigns of the workspace that were told of, as they change: the newest, and whichever moves. */
export function useCampaigns(): ReadonlyMap<number, CampaignOut> {
  const live = useLive();
  useEffect(() => live.followCampaign(null), [live]);
  return useKey("campaigns", () => live.store.campaignList);
}

export function useStatus(): Status {
  const live = useLive();
  return useSyncExternalStore(live.subscribeStatus, () => live.status);
}
