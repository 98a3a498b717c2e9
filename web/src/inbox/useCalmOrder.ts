import { useEffect, useLayoutEffect, useReducer, useRef, useState, type PointerEvent } from "react";

const POINTER_RESTS_MS = 1_500;

const isContinued = (shown: readonly number[], latest: readonly number[]): boolean =>
  latest.length >= shown.length && shown.every((id, index) => latest[index] === id);

/**
 * The order to show: the latest one, except that rows do not move under a mouse that is about to click one. It catches up
 * once the mouse rests or leaves. Rows that are only added below come at once.
 */
export function useCalmOrder(latest: readonly number[]) {
  const [shown, show] = useState(latest);
  const [, lookAgain] = useReducer((times: number) => times + 1, 0);
  const mouse = useRef<number | null>(null); // when it last moved over the list

  useLayoutEffect(() => {
    if (shown !== latest && (mouse.current === null || isContinued(shown, latest))) show(latest);
  });
  useEffect(() => {
    if (shown === latest || mouse.current === null) return;
    const rests = mouse.current + POINTER_RESTS_MS - Date.now();
    const timer = setTimeout(() => {
      if (mouse.current !== null && Date.now() - mouse.current >= POINTER_RESTS_MS) show(latest);
      else lookAgain();
    }, Math.max(0, rests));
    return () => clearTimeout(timer);
  });

  const over = (event: PointerEvent) => {
    if (event.pointerType === "mouse") mouse.current = Date.now();
  };
  const left = () => {
    mouse.current = null;
    lookAgain();
  };
  return { shown, pointer: { onPointerMove: over, onPointerLeave: left } };
}
