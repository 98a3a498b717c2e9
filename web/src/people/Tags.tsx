import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { editMany, forgetPeople, tagsQuery, type ManyEdit } from "./api";
import { Failure } from "../parts/Failure";
import type { Contact } from "./types";
import styles from "./ContactPage.module.css";

/** A contact's tags. One that does not exist yet is made by writing it. */
export function Tags({ contact }: { contact: Contact }) {
  const queries = useQueryClient();
  const known = useQuery(tagsQuery).data ?? [];
  const [adding, add] = useState(false);
  const [name, setName] = useState("");
  const names = contact.tags.map((tag) => tag.name);
  // One tag more or less, never the whole list: what somebody else gives meanwhile is not ours to take away.
  const putting = useMutation({
    mutationFn: (edit: ManyEdit) => editMany({ contact_ids: [contact.contact_id] }, edit),
    onSuccess: () => Promise.all([forgetPeople(queries), queries.invalidateQueries({ queryKey: tagsQuery.queryKey })]),
  });
  return (
    <section className={styles.card} aria-labelledby="tags">
      <h2 id="tags">Tags</h2>
      {contact.tags.length > 0 && (
        <ul className={styles.tags}>
          {contact.tags.map((tag) => (
            <li key={tag.tag_id} className={styles.tag}>
              {tag.name}
              <button type="button" aria-label={`Remove the tag ${tag.name}`} onClick={() => putting.mutate({ remove_tag_ids: [tag.tag_id] })}>
                <X size={13} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Failure brief error={putting.error} />
      {adding ? (
        <form
          className={styles.add}
          onSubmit={(event) => {
            event.preventDefault();
            if (!name.trim()) return;
            putting.mutate({ add_tags: [name.trim()] });
            setName("");
          }}
        >
          <TextInput
            size="sm" aria-label="Tag" placeholder="Open House Attendee" list="tags-known" autoFocus autoComplete="off" maxLength={60} value={name}
            onChange={(event) => setName(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && add(false)}
          />
          <datalist id="tags-known">
            {known.filter((tag) => !names.includes(tag.name)).map((tag) => (
              <option key={tag.tag_id} value={tag.name} />
            ))}
          </datalist>
          <Button type="submit" disabled={!name.trim()} loading={putting.isPending}>
            Add
          </Button>
          <Button variant="default" onClick={() => add(false)}>
            Done
          </Button>
        </form>
      ) : (
        <button type="button" className={styles.adder} onClick={() => add(true)}>
          <Plus size={15} aria-hidden="true" /> Add a tag
        </button>
      )}
    </section>
  );
}
