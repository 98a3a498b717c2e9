// The share of each outcome among those who were to get the text.
import type { BulkOut } from "../gen/wire";
import { Shares } from "../parts/Shares";
import { openOf, recipientsOf, sharesOf } from "./bulk";

export function Progress({ bulk, small = false }: { bulk: BulkOut; small?: boolean }) {
  const of = recipientsOf(bulk);
  return <Shares shares={sharesOf(bulk)} done={of - openOf(bulk)} of={of} small={small} />;
}
