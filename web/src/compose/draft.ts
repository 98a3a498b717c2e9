// What stands unsent in one place, as this tab keeps it, and which of two versions of it counts.
import type { Draft, Picture } from "./api";

export interface Kept {
  readonly body: string;
  /** New Message: what stood in its To. */
  readonly recipient: string;
  readonly pictures: readonly Picture[];
  /** When it was changed; empty: never. */
  readonly at: string;
}

export const NOTHING: Kept = { body: "", recipient: "", pictures: [], at: "" };

export const isEmpty = (one: Pick<Kept, "body" | "recipient" | "pictures">): boolean => one.body === "" && one.recipient === "" && one.pictures.length === 0;

/** Whether one was typed after the other; one that was never typed is older than all. */
export const newer = (one: string | null, than: string | null): one is string => !!one && (!than || Date.parse(one) > Date.parse(than));

/** When something is typed now: after all that was *seen*, whatever the clock of the device says that wrote that. */
export function stamp(seen: string, clock: Date): string {
  return new Date(Math.max(clock.getTime(), seen ? Date.parse(seen) + 1 : 0)).toISOString();
}

/** What the server keeps, as this tab does; of an emptied one only that it is done with. */
export const asKept = ({ body, recipient, pictures, changed_at }: Draft): Kept => (isEmpty({ body, recipient, pictures }) ? NOTHING : { body, recipient, pictures, at: changed_at ?? "" });

/** Of what stands here, what a text that left meanwhile did not take along: nothing that was typed since is lost. */
export function withoutSent(mine: Kept, sent: Pick<Kept, "body" | "pictures">, at: string): Kept {
  const body = mine.body.startsWith(sent.body) ? mine.body.slice(sent.body.length).trimStart() : mine.body;
  const pictures = mine.pictures.filter((one) => !sent.pictures.some((other) => other.media_id === one.media_id));
  return isEmpty({ body, pictures, recipient: "" }) ? { ...NOTHING, at } : { ...mine, body, pictures, at };
}

/** With a text that was taken back: its words stand before what was typed since, or one of the two would be lost. */
export const withGivenBack = (mine: Kept, body: string, pictures: readonly Picture[], at: string): Kept => ({
  ...mine,
  body: mine.body === "" ? body : body === "" ? mine.body : `${body}\n${mine.body}`,
  pictures: [...pictures, ...mine.pictures.filter((one) => !pictures.some((other) => other.media_id === one.media_id))],
  at,
});
