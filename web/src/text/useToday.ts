import { useEffect, useState } from "react";

/** The present, renewed when the day changes: "Yesterday" must not outlive its day in a tab that is left open. */
export function useToday(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow((before) => (before.toDateString() === new Date().toDateString() ? before : new Date())), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
