import { useSuspenseQuery } from "@tanstack/react-query";
import { sessionQuery, type Session } from "../api";

/** Who is logged in; the router has loaded it before anything that asks is shown. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}
