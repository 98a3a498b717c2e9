// The parts of the page that no channel tells are asked for anew when the figures have moved, not at every move.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { askAnew } from "../../anew";
import type { CampaignOut } from "../../gen/wire";
import { courseKey } from "../api";

const AGAIN_MS = 2_000; // figures move four times a second while texts leave

export function useCourseAnew(id: number, one: CampaignOut | undefined): void {
  const queries = useQueryClient();
  const shown = useRef<string | null>(null);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const moved = one && JSON.stringify([one.state, one.whole, one.version, one.figures]);
  useEffect(() => {
    if (moved === undefined || moved === shown.current) return;
    const first = shown.current === null;
    shown.current = moved;
    if (first || waiting.current !== null) return; // the first reading is as new as that, and what waits will ask for this too
    waiting.current = setTimeout(() => {
      waiting.current = null;
      void askAnew(queries, courseKey(id));
    }, AGAIN_MS);
  }, [queries, id, moved]);
  useEffect(
    () => () => {
      if (waiting.current !== null) clearTimeout(waiting.current);
      waiting.current = null;
      shown.current = null;
    },
    [id],
  );
}
