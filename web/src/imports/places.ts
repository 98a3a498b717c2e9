// What a column can become, in the order in which people look for it.
import type { CustomField, Pipeline } from "../people/types";

interface Group {
  group: string;
  items: { value: string; label: string }[];
}

const item = (value: string, label: string) => ({ value, label });
const LONGEST = 40;

/** A name for a field that is made of a column, as the server makes it: small letters, digits, underscores. */
export function nameFor(label: string): string {
  const plain = label.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const name = /^[a-z]/.test(plain) ? plain : `field_${plain}`.replace(/_+$/, "");
  return name.slice(0, LONGEST).replace(/_+$/, "");
}

export function placesFor(column: string, fields: readonly CustomField[], pipelines: readonly Pipeline[], mayAdd = true): Group[] {
  const fresh = nameFor(column);
  const own = fields.map((field) => item(`custom:${field.name}`, field.label));
  if (mayAdd && !fields.some((field) => field.name === fresh)) own.push(item(`new:${fresh}`, `New field “${column}”`));
  return [
    { group: "Leave out", items: [item("skip", "Leave out")] },
    {
      group: "Person",
      items: [item("phone", "Phone"), item("name", "Full name"), item("first_name", "First name"), item("last_name", "Last name"), item("email", "E-mail"), item("phone_label", "Phone type")],
    },
    {
      group: "Where",
      items: [item("street", "Street"), item("city", "City"), item("state", "State"), item("zip", "ZIP"), item("zone", "Time zone"), item("property_address", "Property address")],
    },
    { group: "Work", items: [item("tags", "Tags"), item("owner", "Owner"), item("do_not_text", "Do not text"), ...pipelines.map((one) => item(`stage:${one.pipeline_id}`, `Stage in ${one.name}`))] },
    { group: "Own fields", items: own },
  ];
}
