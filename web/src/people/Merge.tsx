// Two contacts that are one person: search the other, see what they become, do it.
import { Button, Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Avatar } from "../app/Avatar";
import { Failure } from "../parts/Failure";
import { formatNumber } from "../text/people";
import { customFieldsQuery, forgetPeople, forgetTimeline, knowContact, peopleApi, peopleQuery } from "./api";
import { previewOf } from "./merge";
import { flatten, mainPhone, phoneMark, place, titleOf } from "./rows";
import type { Contact } from "./types";
import styles from "./Merge.module.css";

export function Merge({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const [other, setOther] = useState<Contact | null>(null);
  return (
    <Modal opened onClose={onClose} size="lg" title={other ? "Merge these two?" : `Merge another contact into ${titleOf(contact)}`} closeButtonProps={{ "aria-label": "Close" }}>
      {other ? <Preview contact={contact} other={other} onBack={() => setOther(null)} onClose={onClose} /> : <Find contact={contact} onFound={setOther} />}
    </Modal>
  );
}

function Find({ contact, onFound }: { contact: Contact; onFound: (other: Contact) => void }) {
  const [q, setQ] = useState(contact.last_name || contact.first_name);
  const [settled] = useDebouncedValue(q.trim(), 180);
  const found = useInfiniteQuery({ ...peopleQuery({ filter: null, q: settled }, "name"), placeholderData: keepPreviousData });
  const rows = flatten(found.data).filter((row) => row.contact_id !== contact.contact_id).slice(0, 20);
  return (
    <div className={styles.find}>
      <TextInput label="The other contact" data-autofocus type="search" placeholder="Name, number or e-mail" autoComplete="off" value={q} onChange={(event) => setQ(event.currentTarget.value)} />
      <ul className={styles.found} aria-label="Found contacts" aria-busy={found.isFetching}>
        {rows.map((row) => (
          <li key={row.contact_id}>
            <button type="button" onClick={() => onFound(row)}>
              <Avatar name={row.name} seed={mainPhone(row)?.address ?? row.email} size={36} />
              <span>
                <strong>{titleOf(row)}</strong>
                <span className="numeric">{[mainPhone(row) && formatNumber(mainPhone(row)?.address ?? ""), row.email, place(row)].filter(Boolean).join(" · ")}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {found.isSuccess && rows.length === 0 && <p className={styles.none}>Nobody else matches.</p>}
      <Failure brief error={found.error} />
    </div>
  );
}

function Preview({ contact, other, onBack, onClose }: { contact: Contact; other: Contact; onBack: () => void; onClose: () => void }) {
  const queries = useQueryClient();
  const fields = useQuery(customFieldsQuery).data ?? [];
  const shown = previewOf(contact, other, fields);
  const merging = useMutation({
    mutationFn: () => peopleApi.merge(contact.contact_id, other.contact_id),
    onSuccess: async (merged) => {
      knowContact(queries, merged);
      await Promise.all([forgetPeople(queries), forgetTimeline(queries, contact.contact_id)]);
      onClose();
    },
  });
  return (
    <div className={styles.preview}>
      <p className={styles.lead}>
        <strong>{titleOf(other)}</strong> becomes part of <strong>{titleOf(contact)}</strong>. Every conversation, opt-out and consent of both stays with its number. This cannot be taken back.
      </p>
      <dl className={styles.lines}>
        <div>
          <dt>Numbers</dt>
          <dd>
            {shown.phones.map((phone) => (
              <span key={phone.endpoint_id} className="numeric">
                {formatNumber(phone.address)}
                {phoneMark(phone) && <em> {phoneMark(phone)}</em>}
              </span>
            ))}
            {shown.phones.length === 0 && "none"}
          </dd>
        </div>
        {shown.tags.length > 0 && (
          <div>
            <dt>Tags</dt>
            <dd>{shown.tags.map((tag) => tag.name).join(", ")}</dd>
          </div>
        )}
        {shown.stages.length > 0 && (
          <div>
            <dt>Stages</dt>
            <dd>{shown.stages.map((one) => `${one.pipeline}: ${one.stage}`).join(", ")}</dd>
          </div>
        )}
        {shown.lines.map((line) => (
          <div key={line.label}>
            <dt>{line.label}</dt>
            <dd>
              <span>
                {line.value || "none"}
                {line.taken && <small> from {titleOf(other)}</small>}
              </span>
              {line.lost !== null && <s>{line.lost}</s>}
            </dd>
          </div>
        ))}
      </dl>
      <Failure brief error={merging.error} />
      <div className={styles.foot}>
        <Button variant="default" onClick={onBack} disabled={merging.isPending}>
          Back
        </Button>
        <Button data-autofocus onClick={() => merging.mutate()} loading={merging.isPending}>
          Merge
        </Button>
      </div>
    </div>
  );
}
