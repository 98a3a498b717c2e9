// The contact's clocks, asked of the server and asked again when its answer runs out.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { hoursQuery, type Hours } from "../api";
import { present } from "../clock";

export const useHours = (id: number): Hours | null => useQuery(hoursQuery(id)).data ?? null;

/** The present, renewed with each minute. */
export function useMinute(): Date {
  const [now, setNow] = useState(present);
  useEffect(() => {
    const timer = setTimeout(() => setNow(present()), 60_000 - (now.getTime() % 60_000));
    return () => clearTimeout(timer);
  }, [now]);
  return now;
}
