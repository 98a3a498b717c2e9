import { useEffect, useRef } from "react";

/** Hears keys of the whole page, by the handler of the latest drawing. */
export function usePageKeys(hear: (event: KeyboardEvent) => void): void {
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    const key = (event: KeyboardEvent) => latest.current(event);
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
}
