// A long list of rows of one height: only those in sight are drawn, and the one that Tab leads to stays drawn, or
// scrolling would lose the focus.
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, type RefObject } from "react";
import { isTyping } from "../app/Shortcuts";

interface Rows {
  list: RefObject<HTMLElement | null>;
  ids: readonly number[];
  /** px of a row. */
  size: number;
  /** The place of the row that Tab leads to; -1 for none. */
  stop: number;
  /** The attribute that bears a row's id. */
  mark: string;
  onActive: (id: number) => void;
}

export const rowOf = (list: HTMLElement | null, mark: string, id: number): HTMLElement | null => list?.querySelector<HTMLElement>(`[${mark}="${id}"]`) ?? null;

export function useRows({ list, ids, size, stop, mark, onActive }: Rows) {
  const virtual = useVirtualizer({
    count: ids.length,
    getScrollElement: () => list.current,
    estimateSize: () => size,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 8,
    rangeExtractor: useCallback(
      (range: Range) => [...new Set([...defaultRangeExtractor(range), ...(stop >= 0 && stop < range.count ? [stop] : [])])].sort((a, b) => a - b),
      [stop],
    ),
  });
  useEffect(() => virtual.measure(), [size, virtual]);
  const focus = useCallback(
    (index: number) => {
      const id = ids[index];
      if (id === undefined) return;
      onActive(id);
      virtual.scrollToIndex(index);
      const go = () => rowOf(list.current, mark, id)?.focus({ preventScroll: true });
      if (rowOf(list.current, mark, id)) go(); // at once: the next key may come before the next frame
      else requestAnimationFrame(go);
    },
    [ids, virtual, list, mark, onActive],
  );
  return { virtual, focus };
}

/** Whether a key is meant for the rows of a page at all: nobody types, and no dialog lies over them. */
export const isForRows = (event: KeyboardEvent): boolean =>
  !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target) && !document.querySelector("[role=dialog], [role=menu]");
