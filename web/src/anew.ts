// Asking again because something has happened.
import type { QueryClient } from "@tanstack/react-query";

/** Asks anew what *queryKey* names. What is under way is forgotten: it may have been read before the news, and the first answer of all would be kept. */
export async function askAnew(queries: QueryClient, queryKey: readonly unknown[]): Promise<void> {
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}
