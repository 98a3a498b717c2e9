// What the server tells of people. The server's own models are described at /api/openapi.json.

export interface Phone {
  endpoint_id: number;
  /** E.164. */
  address: string;
  label: string;
  /** The lowest is written to first. */
  priority: number;
  opted_out: boolean;
  held: boolean;
  carrier_blocked: boolean;
  invalid_code: string | null;
  consented_at: string | null;
  thread_id: number | null;
}

export interface Tag {
  tag_id: number;
  name: string;
  /** How many have it, where the settings tell. */
  contacts?: number;
}

export interface Standing {
  pipeline_id: number;
  pipeline: string;
  stage_id: number;
  stage: string;
}

export interface Owner {
  member_id: number;
  name: string;
}

export type CustomValue = string | number | boolean;

export interface Contact {
  contact_id: number;
  name: string;
  first_name: string;
  last_name: string;
  email: string;
  phones: Phone[];
  tags: Tag[];
  stages: Standing[];
  owner: Owner | null;
  street: string;
  city: string;
  state: string;
  zip: string;
  zone: string | null;
  property_address: string;
  custom: Record<string, CustomValue>;
  last_in_at: string | null;
  last_out_at: string | null;
  created_at: string;
  /** Rises with every write; a change that names an older one is refused with the present row. */
  version: number;
}

export interface ContactPage {
  rows: Contact[];
  next_cursor: string | null;
  /** The search looked at a part of the people only: more letters find the rest. */
  partial: boolean;
}

export type Sort = "name" | "activity" | "created";

export interface Pipeline {
  pipeline_id: number;
  name: string;
  position: number;
  stages: Stage[];
}

export interface Stage {
  stage_id: number;
  name: string;
  position: number;
  contacts?: number;
}

export type FieldKind = "text" | "number" | "date" | "boolean" | "choice";

export interface CustomField {
  field_id: number;
  name: string;
  label: string;
  kind: FieldKind;
  choices: string[];
  position: number;
}

export interface Member {
  member_id: number;
  name: string;
  role: string;
}

export interface Showing {
  showing_id: number;
  property_address: string;
  at: string;
  note: string;
}
