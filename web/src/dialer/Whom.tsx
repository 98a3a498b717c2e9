// Whom to call: the people, found by name or number.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Phone, Search } from "lucide-react";
import { useState } from "react";
import { Avatar } from "../app/Avatar";
import { Failure } from "../parts/Failure";
import { formatNumber } from "../text/people";
import type { Found, Program, ScreenPop } from "./program";
import styles from "./Dialer.module.css";

const SHOWN = 8;

export function Whom({ program, onCall }: { program: Program; onCall: (pop: ScreenPop) => void }) {
  const [words, setWords] = useState("");
  const found = useQuery({
    queryKey: ["dialer-people", program.token, words.trim()],
    queryFn: () => program.ask<{ rows: Found[] }>("POST", "/contacts/query", { q: words.trim(), sort: words.trim() ? "name" : "activity", limit: 3 * SHOWN }),
    select: (page) => page.rows.filter((row) => row.phones.length > 0).slice(0, SHOWN),
    placeholderData: (before) => before,
    retry: false,
  });
  const calling = useMutation({
    mutationFn: (contact: number) => program.ask<ScreenPop>("POST", "/dialer/calls/start", { call_id: crypto.randomUUID(), contact_id: contact }),
    onSuccess: onCall,
  });
  return (
    <section className={styles.card} aria-labelledby="whom">
      <h2 id="whom">Whom do you call?</h2>
      <TextInput aria-label="Find somebody" placeholder="Name or number" leftSection={<Search size={16} aria-hidden="true" />} value={words} autoComplete="off" onChange={(event) => setWords(event.currentTarget.value)} />
      <Failure brief error={found.error ?? calling.error} />
      <ul className={styles.people} aria-busy={found.isPending}>
        {found.data?.map((row) => {
          const address = formatNumber(row.phones[0]?.address ?? "");
          const name = row.name || address;
          return (
            <li key={row.contact_id}>
              <Avatar name={row.name || null} seed={row.phones[0]?.address ?? ""} size={36} />
              <span className={styles.grow}>
                <strong>{name}</strong>
                <small>{address}</small>
              </span>
              <Button
                variant="default" leftSection={<Phone size={15} aria-hidden="true" />} aria-label={`Call ${name}`}
                loading={calling.isPending && calling.variables === row.contact_id} disabled={calling.isPending} onClick={() => calling.mutate(row.contact_id)}
              >
                Call
              </Button>
            </li>
          );
        })}
      </ul>
      {found.data?.length === 0 && <p className={styles.small}>Nobody is called that.</p>}
      <p className={styles.small}>No call is placed here: your dialer does that. It tells us that a call begins, and gets what is known.</p>
    </section>
  );
}
