// What the stream told since this page listens, the newest first.
import { useEffect, useState } from "react";
import { Problem } from "../api";
import type { Program, StreamEvent } from "./program";

const KEPT = 60;

export interface HeardEvent extends StreamEvent {
  /** Milliseconds from when it happened to when it was here, by the two clocks. */
  readonly late: number;
}

export function useStream(program: Program): { events: readonly HeardEvent[]; on: boolean; problem: Problem | null } {
  const [events, setEvents] = useState<readonly HeardEvent[]>([]);
  const [on, setOn] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const heard = (event: StreamEvent) => setEvents((before) => [{ ...event, late: Math.max(0, Date.now() - Date.parse(event.at)) }, ...before].slice(0, KEPT));
    setProblem(null);
    program.listen(heard, setOn, leaving.signal).catch((error: unknown) => {
      if (!leaving.signal.aborted && error instanceof Problem) setProblem(error);
    });
    return () => leaving.abort();
  }, [program]);
  return { events, on, problem };
}
