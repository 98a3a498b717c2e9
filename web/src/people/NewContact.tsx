// A new contact: a number or an e-mail address is enough, the rest is written on the contact's page.
import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Problem } from "../api";
import { Failure } from "../parts/Failure";
import { forgetPeople, knowContact, peopleApi } from "./api";
import styles from "./NewContact.module.css";

export function NewContact({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [form, setForm] = useState({ first_name: "", last_name: "", email: "", phone: "" });
  const write = (field: keyof typeof form) => (event: React.ChangeEvent<HTMLInputElement>) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [field]: value }));
  };
  const creating = useMutation({
    mutationFn: () => {
      const { phone, ...rest } = form;
      return peopleApi.create({ ...rest, phones: phone.trim() ? [{ phone: phone.trim(), label: "" }] : [] });
    },
    onSuccess: (contact) => {
      knowContact(queries, contact);
      void forgetPeople(queries);
      onClose();
      void navigate({ to: "/people/$contactId", params: { contactId: String(contact.contact_id) } });
    },
  });
  const something = Object.values(form).some((value) => value.trim() !== "");
  const problem = creating.error;
  const at = problem instanceof Problem ? problem.field : null;
  const whose = problem instanceof Problem ? (problem.more["contact_id"] as number | undefined) : undefined;
  const faultOf = (field: string) => (at !== null && at.startsWith(field) ? problem?.message : undefined);
  const elsewhere = problem && !["phone", "email", "first_name", "last_name"].some((field) => faultOf(field));
  return (
    <Modal opened onClose={onClose} title="New contact" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (something) creating.mutate();
        }}
      >
        <div className={styles.pair}>
          <TextInput label="First name" data-autofocus value={form.first_name} onChange={write("first_name")} error={faultOf("first_name")} autoComplete="off" />
          <TextInput label="Last name" value={form.last_name} onChange={write("last_name")} error={faultOf("last_name")} autoComplete="off" />
        </div>
        <TextInput label="Phone" type="tel" placeholder="(617) 555-0100" value={form.phone} onChange={write("phone")} error={faultOf("phone")} autoComplete="off" />
        <TextInput label="E-mail" type="text" inputMode="email" value={form.email} onChange={write("email")} error={faultOf("email")} autoComplete="off" />
        <Failure brief error={elsewhere ? problem : null} />
        {whose !== undefined && (
          <Link to="/people/$contactId" params={{ contactId: String(whose) }} onClick={onClose} className={styles.link}>
            Open that contact
          </Link>
        )}
        <div className={styles.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!something} loading={creating.isPending}>
            Create
          </Button>
        </div>
      </form>
    </Modal>
  );
}
