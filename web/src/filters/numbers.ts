// The numbers that the member may send from, and whose each is.
import { queryOptions } from "@tanstack/react-query";
import { call } from "../api";

export interface Sender {
  number_id: number;
  address: string;
  label: string;
  /** The member whose own it is; null: everybody's. */
  owner_id: number | null;
  owner: string | null;
  version: number;
}

export const numbersQuery = queryOptions({ queryKey: ["numbers"], queryFn: () => call<{ numbers: Sender[] }>("GET", "/numbers"), staleTime: 60_000 });

/** How it is called that a number is somebody's own; null where it is everybody's. */
export function whoseNumber(number: Sender | undefined, me: number): string | null {
  if (!number || number.owner_id === null) return null;
  return number.owner_id === me ? "Your own" : `${number.owner ?? "Somebody"}'s own`;
}
