// Fields of the workspace's own. The name is what templates write between braces, so it stays; the label may change.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem as ApiProblem } from "../api";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { customFieldsQuery, forgetPeople, settingsApi } from "../people/api";
import type { CustomField, FieldKind } from "../people/types";
import { AddName } from "./AddName";
import { choicesOf, nameFor } from "./names";
import { Problem } from "./Problem";
import { Row } from "./Row";
import styles from "./FieldsPage.module.css";

const KINDS: { value: FieldKind; label: string }[] = [
  { value: "text", label: "Text" },
  { value: "number", label: "Number" },
  { value: "date", label: "Date" },
  { value: "boolean", label: "Yes or no" },
  { value: "choice", label: "One of a list" },
];
const kindOf = (field: CustomField): string => KINDS.find((one) => one.value === field.kind)?.label ?? field.kind;

export function CustomFields() {
  const queries = useQueryClient();
  const fields = useQuery(customFieldsQuery);
  const refusal = useRefusal("change_fields");
  const after = <T,>(act: Promise<T>) =>
    act.then(() => Promise.all([queries.invalidateQueries({ queryKey: customFieldsQuery.queryKey }), queries.invalidateQueries({ queryKey: ["filter-fields"] }), forgetPeople(queries)]));
  return (
    <section className={styles.section} aria-labelledby="custom">
      <h2 id="custom">Custom fields</h2>
      <Problem of={fields} />
      <div className={styles.box}>
        {(fields.data ?? []).map((field) => (
          <div key={field.field_id} className={styles.field}>
            <Row
              what="field" name={field.label} locked={refusal !== null} warning="What it holds is lost, for everybody."
              onRename={(label) => after(settingsApi.patchField(field.field_id, { label }))} onRemove={() => after(settingsApi.removeField(field.field_id))}
            >
              <small>
                <code>{`{{${field.name}}}`}</code> {kindOf(field)}
                {field.choices.length > 0 && `: ${field.choices.join(", ")}`}
              </small>
            </Row>
            {field.kind === "choice" && !refusal && (
              <AddName label={`Another choice of ${field.label}`} placeholder="Another choice" button="Add choice" onAdd={(choice) => after(settingsApi.patchField(field.field_id, { choices: [...field.choices, choice] }))} />
            )}
          </div>
        ))}
        {refusal ? <p className={styles.note}>{refusal}</p> : <NewField onAdd={(field) => after(settingsApi.addField(field))} />}
      </div>
    </section>
  );
}

function NewField({ onAdd }: { onAdd: (field: { name: string; label: string; kind: FieldKind; choices: string[] }) => Promise<unknown> }) {
  const [label, setLabel] = useState("");
  const [name, setName] = useState<string | null>(null); // null: made of the label
  const [kind, setKind] = useState<FieldKind>("text");
  const [choices, setChoices] = useState("");
  const token = name ?? nameFor(label);
  const adding = useMutation({
    mutationFn: () => onAdd({ name: token, label: label.trim(), kind, choices: kind === "choice" ? choicesOf(choices) : [] }),
    onSuccess: () => {
      setLabel("");
      setName(null);
      setChoices("");
    },
  });
  const at = adding.error instanceof ApiProblem ? adding.error.field : null;
  const known = at === "name" || at === "label" || at === "choices";
  return (
    <form
      className={styles.newField} aria-label="New field"
      onSubmit={(event) => {
        event.preventDefault();
        if (label.trim()) adding.mutate();
      }}
    >
      <TextInput label="Label" placeholder="Budget" value={label} maxLength={80} autoComplete="off" error={at === "label" && adding.error?.message} onChange={(event) => setLabel(event.currentTarget.value)} />
      <TextInput label="Name in templates" placeholder="budget" value={token} maxLength={40} autoComplete="off" spellCheck={false} error={at === "name" && adding.error?.message} onChange={(event) => setName(event.currentTarget.value)} />
      <NativeSelect label="Kind" data={KINDS} value={kind} onChange={(event) => setKind(event.currentTarget.value as FieldKind)} />
      {kind === "choice" && <TextInput className={styles.wide} label="Choices, with commas between" placeholder="Buyer, Seller, Renter" value={choices} error={at === "choices" && adding.error?.message} onChange={(event) => setChoices(event.currentTarget.value)} />}
      <Button type="submit" variant="default" disabled={!label.trim()} loading={adding.isPending}>
        Add field
      </Button>
      <Failure brief error={known ? null : adding.error} />
    </form>
  );
}
