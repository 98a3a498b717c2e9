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

/** How it is called that a number is somebody's own, where there is little room by the first name; null where it is everybody's. */
export function whoseNumber(number: Sender | undefined, me: number, { mine = "Your own", brief = false } = {}): string | null {
  if (!number || number.owner_id === null) return null;
  if (number.owner_id === me) return mine;
  const name = number.owner ?? "Somebody";
  return `${brief ? name.split(" ")[0] : name}'s own`;
}
