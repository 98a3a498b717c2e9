// A contact's numbers: the first is written to. What each may be sent is said beside it.
import { ActionIcon, Button, NativeSelect, TextInput, Tooltip } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowUp, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Problem } from "../api";
import { Failure } from "../parts/Failure";
import { formatNumber } from "../text/people";
import { fullTime } from "../text/time";
import { forgetTimeline, knowContact, peopleApi } from "./api";
import { byPriority, phoneMark } from "./rows";
import type { Contact, Phone } from "./types";
import styles from "./ContactPage.module.css";

const LABELS = ["mobile", "home", "work", "other"];
const labels = (present: string) => [
  { value: "", label: "Label" },
  ...[...new Set([...LABELS, ...(present ? [present] : [])])].map((one) => ({ value: one, label: one[0]?.toUpperCase() + one.slice(1) })),
];

export function Phones({ contact }: { contact: Contact }) {
  const [adding, add] = useState(false);
  const phones = byPriority(contact.phones);
  const change = useChange(contact);
  return (
    <section className={styles.card} aria-labelledby="phones">
      <h2 id="phones">Phones</h2>
      {phones.length === 0 && !adding && <p className={styles.none}>Without a number nobody can be texted.</p>}
      {phones.length > 0 && (
        <ol className={styles.phones}>
          {phones.map((phone, index) => (
            <li key={phone.endpoint_id}>
              <One contact={contact} phone={phone} first={index === 0} change={change.mutate} />
            </li>
          ))}
        </ol>
      )}
      <Failure brief error={change.error} />
      {adding ? (
        <AddPhone contact={contact} onClose={() => add(false)} />
      ) : (
        <button type="button" className={styles.adder} onClick={() => add(true)}>
          <Plus size={15} aria-hidden="true" /> Add a number
        </button>
      )}
    </section>
  );
}

function useChange(contact: Contact) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (act: () => Promise<Contact>) => act(),
    onSuccess: (next) => {
      knowContact(queries, next);
      void forgetTimeline(queries, contact.contact_id);
    },
  });
}

function One({ contact, phone, first, change }: { contact: Contact; phone: Phone; first: boolean; change: (act: () => Promise<Contact>) => void }) {
  const [asked, ask] = useState(false);
  const id = contact.contact_id;
  const number = formatNumber(phone.address);
  const mark = phoneMark(phone);
  return (
    <>
      <div className={styles.phone}>
        {phone.thread_id ? (
          <Link to="/phone/sms/$threadId" params={{ threadId: String(phone.thread_id) }} aria-label={`${number}: open the conversation`}>
            {number}
          </Link>
        ) : (
          <strong>{number}</strong>
        )}
        <NativeSelect
          size="xs" className={styles.label} aria-label={`Label of ${number}`} value={phone.label} data={labels(phone.label)}
          onChange={(event) => {
            const { value } = event.currentTarget;
            change(() => peopleApi.patchPhone(id, phone.endpoint_id, { label: value }));
          }}
        />
        <span>
          {!first && (
            <Tooltip label="Write to this one first">
              <ActionIcon variant="subtle" size={32} aria-label={`Write to ${number} first`} onClick={() => change(() => peopleApi.patchPhone(id, phone.endpoint_id, { priority: 0 }))}>
                <ArrowUp size={16} />
              </ActionIcon>
            </Tooltip>
          )}
          <Tooltip label="Remove the number">
            <ActionIcon variant="subtle" size={32} aria-label={`Remove ${number}`} onClick={() => ask(true)}>
              <Trash2 size={15} />
            </ActionIcon>
          </Tooltip>
        </span>
      </div>
      <p className={styles.facts}>
        {mark && (
          <span className={styles.chip} data-mark={mark}>
            {mark}
          </span>
        )}
        {phone.consented_at ? <span title={fullTime(new Date(phone.consented_at))}>Consent on record</span> : <span>No consent on record</span>}
      </p>
      {asked && (
        <div className={styles.add} role="group" aria-label={`Remove ${number}?`}>
          <span className={styles.none}>Its conversation and opt-outs stay.</span>
          <Button size="xs" variant="default" onClick={() => ask(false)}>
            Keep
          </Button>
          <Button
            size="xs"
            onClick={() => {
              ask(false);
              change(() => peopleApi.removePhone(id, phone.endpoint_id));
            }}
          >
            Remove
          </Button>
        </div>
      )}
    </>
  );
}

function AddPhone({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const [phone, setPhone] = useState("");
  const [label, setLabel] = useState("");
  const adding = useChange(contact);
  const problem = adding.error;
  const whose = problem instanceof Problem ? (problem.more["contact_id"] as number | undefined) : undefined;
  return (
    <form
      className={styles.add}
      onSubmit={(event) => {
        event.preventDefault();
        if (phone.trim()) adding.mutate(() => peopleApi.addPhone(contact.contact_id, phone.trim(), label), { onSuccess: onClose });
      }}
    >
      <TextInput size="sm" type="tel" aria-label="Number" placeholder="(617) 555-0100" autoFocus autoComplete="off" value={phone} onChange={(event) => setPhone(event.currentTarget.value)} error={problem?.message} />
      <NativeSelect size="sm" className={styles.label} aria-label="Label" value={label} data={labels("")} onChange={(event) => setLabel(event.currentTarget.value)} />
      <Button type="submit" loading={adding.isPending} disabled={!phone.trim()}>
        Add
      </Button>
      <Button variant="default" onClick={onClose}>
        Cancel
      </Button>
      {whose !== undefined && (
        <Link to="/people/$contactId" params={{ contactId: String(whose) }}>
          Open the contact that has it
        </Link>
      )}
    </form>
  );
}
