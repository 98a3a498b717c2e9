// What is known of a contact, each value edited where it stands.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { CircleAlert } from "lucide-react";
import { customFieldsQuery, membersQuery } from "./api";
import { Choice } from "./Choice";
import { shownValue, typedValue } from "./custom";
import { InPlace } from "./InPlace";
import type { Patch } from "./patch";
import type { Contact, CustomField, CustomValue } from "./types";
import type { Edit } from "./useEdit";
import { ZONES } from "./zones";
import styles from "./ContactPage.module.css";

export function Details({ contact, edit }: { contact: Contact; edit: Edit }) {
  const members = useQuery(membersQuery).data ?? [];
  const save = (patch: Patch) => edit.save(contact, patch);
  const owners = members.map((one) => ({ value: String(one.member_id), label: one.name }));
  const text = (label: string, field: "first_name" | "last_name" | "email" | "street" | "city" | "state" | "zip" | "property_address") => (
    <InPlace label={label} value={contact[field]} type={field === "email" ? "email" : "text"} onSave={(value) => save({ [field]: value })} />
  );
  return (
    <section className={styles.card} aria-labelledby="details">
      <h2 id="details">Details</h2>
      {text("First name", "first_name")}
      {text("Last name", "last_name")}
      {text("E-mail", "email")}
      <Choice
        label="Owner" value={contact.owner ? String(contact.owner.member_id) : ""} options={[{ value: "", label: "Nobody" }, ...owners]}
        onSave={(value) => save({ owner_id: value === "" ? null : Number(value) })}
      />
      {text("Property", "property_address")}
      {text("Street", "street")}
      {text("City", "city")}
      {text("State", "state")}
      {text("ZIP", "zip")}
      <Choice label="Time zone" value={contact.zone ?? ""} options={[{ value: "", label: "By number and ZIP" }, ...ZONES]} onSave={(value) => save({ zone: value || null })} />
      <Custom contact={contact} save={save} />
    </section>
  );
}

function Custom({ contact, save }: { contact: Contact; save: (patch: Patch) => Promise<void> }) {
  const fields = useQuery(customFieldsQuery).data ?? [];
  const put = (field: CustomField, value: CustomValue | null) => save({ custom: { [field.name]: value } });
  return fields.map((field) => {
    const value = contact.custom[field.name] ?? null;
    if (field.kind === "choice" || field.kind === "boolean") {
      const options = field.kind === "choice" ? field.choices.map((one) => ({ value: one, label: one })) : [{ value: "true", label: "Yes" }, { value: "false", label: "No" }];
      return <Choice key={field.field_id} label={field.label} value={value === null ? "" : String(value)} options={[{ value: "", label: "–" }, ...options]} onSave={(written) => put(field, typedValue(field, written))} />;
    }
    return (
      <InPlace
        key={field.field_id} label={field.label} value={value === null ? "" : String(value)} shown={shownValue(field, value)} type={field.kind === "text" ? "text" : field.kind}
        onSave={(written) => put(field, typedValue(field, written))}
      />
    );
  });
}

const LABELS: Record<string, string> = {
  first_name: "First name", last_name: "Last name", email: "E-mail", owner_id: "Owner", property_address: "Property", street: "Street", city: "City", state: "State", zip: "ZIP", zone: "Time zone",
};

/** Both wrote the same field: what they have, what we meant, and the choice. */
export function ClashNote({ edit }: { edit: Edit }) {
  const fields = useQuery(customFieldsQuery).data ?? [];
  const members = useQuery(membersQuery).data ?? [];
  if (!edit.clash) return null;
  const labelOf = (field: string) => LABELS[field] ?? fields.find((one) => `custom.${one.name}` === field)?.label ?? field;
  const words = (field: string, value: CustomValue | null) =>
    value === null || value === "" ? "nothing" : field === "owner_id" ? (members.find((one) => one.member_id === value)?.name ?? "somebody") : `“${String(value)}”`;
  return (
    <div className={styles.clash} role="alert">
      <CircleAlert size={17} aria-hidden="true" />
      <div>
        <p>
          <strong>Somebody else has changed this meanwhile.</strong>
        </p>
        {edit.clash.fields.map(({ field, mine, theirs }) => (
          <p key={field}>
            {labelOf(field)}: they wrote {words(field, theirs)}, you wrote {words(field, mine)}.
          </p>
        ))}
        <span>
          <Button size="xs" variant="default" onClick={edit.takeTheirs}>
            Keep theirs
          </Button>
          <Button size="xs" onClick={() => void edit.keepMine()}>
            Use mine
          </Button>
        </span>
      </div>
    </div>
  );
}
