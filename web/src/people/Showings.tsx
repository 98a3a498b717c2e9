// When a contact sees which property. The next one is what {{showing_time}} says.
import { ActionIcon, Button, TextInput, Tooltip } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { present } from "../clock";
import { Failure } from "../parts/Failure";
import { fullTime } from "../text/time";
import { peopleApi, showingsQuery } from "./api";
import type { Contact } from "./types";
import styles from "./ContactPage.module.css";

export function Showings({ contact }: { contact: Contact }) {
  const queries = useQueryClient();
  const id = contact.contact_id;
  const showings = useQuery(showingsQuery(id));
  const [adding, add] = useState(false);
  const now = present().getTime();
  const all = [...(showings.data?.showings ?? [])].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const forget = () => queries.invalidateQueries({ queryKey: showingsQuery(id).queryKey });
  const removing = useMutation({ mutationFn: (showing: number) => peopleApi.removeShowing(id, showing), onSuccess: forget });
  const problem = removing.error ?? showings.error;
  return (
    <section className={styles.card} aria-labelledby="showings">
      <h2 id="showings">Showings</h2>
      {all.length > 0 && (
        <ul className={styles.showings}>
          {all.map((one) => (
            <li key={one.showing_id} data-past={Date.parse(one.at) < now || undefined}>
              <time dateTime={one.at}>{fullTime(new Date(one.at))}</time>
              <p>{[one.property_address || contact.property_address, one.note].filter(Boolean).join(" · ")}</p>
              <Tooltip label="Remove the showing">
                <ActionIcon variant="subtle" size={32} aria-label={`Remove the showing of ${fullTime(new Date(one.at))}`} onClick={() => removing.mutate(one.showing_id)}>
                  <Trash2 size={15} />
                </ActionIcon>
              </Tooltip>
            </li>
          ))}
        </ul>
      )}
      <Failure brief error={problem} />
      {adding ? (
        <AddShowing
          contact={contact}
          onClose={(added) => {
            add(false);
            if (added) void forget();
          }}
        />
      ) : (
        <button type="button" className={styles.adder} onClick={() => add(true)}>
          <Plus size={15} aria-hidden="true" /> Add a showing
        </button>
      )}
    </section>
  );
}

function AddShowing({ contact, onClose }: { contact: Contact; onClose: (added: boolean) => void }) {
  const [form, setForm] = useState({ at: "", property_address: contact.property_address, note: "" });
  const adding = useMutation({
    mutationFn: () => peopleApi.addShowing(contact.contact_id, { ...form, at: new Date(form.at).toISOString() }),
    onSuccess: () => onClose(true),
  });
  const write = (field: keyof typeof form) => (event: React.ChangeEvent<HTMLInputElement>) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [field]: value }));
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (form.at) adding.mutate();
      }}
    >
      <TextInput label="When, by your clock" type="datetime-local" autoFocus value={form.at} onChange={write("at")} />
      <TextInput label="Property" value={form.property_address} onChange={write("property_address")} maxLength={300} />
      <TextInput label="Note" value={form.note} onChange={write("note")} maxLength={500} error={adding.error?.message} />
      <div>
        <Button variant="default" onClick={() => onClose(false)}>
          Cancel
        </Button>
        <Button type="submit" disabled={!form.at} loading={adding.isPending}>
          Add
        </Button>
      </div>
    </form>
  );
}
