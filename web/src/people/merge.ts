// What two contacts become when one is merged into the other, before anybody does it.
import { byPriority } from "./rows";
import type { Contact, CustomField, CustomValue, Phone, Standing, Tag } from "./types";

export interface Line {
  label: string;
  /** What the merged contact will have. */
  value: string;
  /** It comes from the other one, since the kept one has none. */
  taken: boolean;
  /** What the other one had and loses. */
  lost: string | null;
}

export interface Preview {
  phones: Phone[];
  tags: Tag[];
  stages: Standing[];
  lines: Line[];
}

/** A name is one thing, and so is an address: it is taken whole or not at all (server/store/sql/merge.sql). */
const WHOLES = [
  [["First name", "first_name"], ["Last name", "last_name"]],
  [["E-mail", "email"]],
  [["Property", "property_address"]],
  [["Street", "street"], ["City", "city"], ["State", "state"], ["ZIP", "zip"]],
  [["Time zone", "zone"]],
] as const;

/** The kept one's values win; what it lacks wholly is taken from the other. Numbers, tags and stages are joined. */
export function previewOf(kept: Contact, other: Contact, fields: readonly CustomField[]): Preview {
  const words = (value: CustomValue | null | undefined) => (value === null || value === undefined ? "" : String(value));
  const line = (label: string, mine: string, theirs: string, take = mine === ""): Line => ({
    label, value: take ? theirs : mine, taken: take && theirs !== "", lost: !take && theirs !== "" && mine !== theirs ? theirs : null,
  });
  const wholes = WHOLES.flatMap((parts) => {
    const take = parts.every(([, field]) => words(kept[field]) === "");
    return parts.map(([label, field]) => line(label, words(kept[field]), words(other[field]), take));
  });
  const lines = [
    ...wholes,
    line("Owner", kept.owner?.name ?? "", other.owner?.name ?? ""),
    ...fields.map((field) => line(field.label, words(kept.custom[field.name]), words(other.custom[field.name]))),
  ].filter((one) => one.value !== "" || one.lost !== null);
  const tags = [...kept.tags, ...other.tags.filter((tag) => !kept.tags.some((one) => one.tag_id === tag.tag_id))];
  const stages = [...kept.stages, ...other.stages.filter((theirs) => !kept.stages.some((mine) => mine.pipeline_id === theirs.pipeline_id))];
  return { phones: [...byPriority(kept.phones), ...byPriority(other.phones)], tags, stages, lines };
}
