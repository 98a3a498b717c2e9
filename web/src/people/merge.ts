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

const FIELDS = [
  ["First name", "first_name"], ["Last name", "last_name"], ["E-mail", "email"], ["Property", "property_address"],
  ["Street", "street"], ["City", "city"], ["State", "state"], ["ZIP", "zip"], ["Time zone", "zone"],
] as const;

/** The kept one's values win; where it has none, the other's are taken. Numbers, tags and stages are joined. */
export function previewOf(kept: Contact, other: Contact, fields: readonly CustomField[]): Preview {
  const words = (value: CustomValue | null | undefined) => (value === null || value === undefined ? "" : String(value));
  const line = (label: string, mine: string, theirs: string): Line => ({
    label, value: mine || theirs, taken: !mine && theirs !== "", lost: mine && theirs && mine !== theirs ? theirs : null,
  });
  const lines = [
    ...FIELDS.map(([label, field]) => line(label, words(kept[field]), words(other[field]))),
    line("Owner", kept.owner?.name ?? "", other.owner?.name ?? ""),
    ...fields.map((field) => line(field.label, words(kept.custom[field.name]), words(other.custom[field.name]))),
  ].filter((one) => one.value !== "");
  const tags = [...kept.tags, ...other.tags.filter((tag) => !kept.tags.some((one) => one.tag_id === tag.tag_id))];
  const stages = [...kept.stages, ...other.stages.filter((theirs) => !kept.stages.some((mine) => mine.pipeline_id === theirs.pipeline_id))];
  return { phones: [...byPriority(kept.phones), ...byPriority(other.phones)], tags, stages, lines };
}
