import { present } from "../clock";
import { useEffect, useState } from "react";

/** The present, renewed when the day changes: "Yesterday" must not outlive its day in a tab that is left open. */
export function useToday(): Date {
  const [now, setNow] = useState(present);
  useEffect(() => {
    const timer = setInterval(() => setNow((before) => (before.toDateString() === present().toDateString() ? before : present())), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
