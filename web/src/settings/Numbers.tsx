// Whose each number is: everybody's, or one member's own. Given at once, after a second look at what it means.
import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check } from "lucide-react";
import { useId, useState } from "react";
import { call } from "../api";
import { useRefusal } from "../app/may";
import { useSession } from "../app/session";
import { numbersQuery, whoseNumber, type Sender } from "../filters/numbers";
import { Failure } from "../parts/Failure";
import { membersQuery } from "../people/api";
import type { Member } from "../people/types";
import { formatNumber } from "../text/people";
import styles from "./Settings.module.css";

const EVERYBODY = "";

export function Numbers() {
  const id = useId();
  const locked = useRefusal("give_numbers") !== null;
  const numbers = useQuery(numbersQuery);
  const members = useQuery(membersQuery);
  const known = numbers.data?.numbers;
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.about}>
        <h2 id={id}>Numbers</h2>
        <p>A number is everybody&apos;s, or one member&apos;s own: then every conversation that ever went over it is seen by that member, managers and owners alone.</p>
      </div>
      <div className={styles.fields}>
        {(numbers.isPending || members.isPending) && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
        {known && members.data && (
          <ul className={styles.numbers} aria-label="Numbers">
            {known.map((one) => (
              <Line key={one.number_id} of={one} members={members.data} locked={locked} />
            ))}
          </ul>
        )}
        {known?.length === 0 && <p className={styles.note}>There is no number yet. Whoever runs this server adds it.</p>}
        <Failure brief error={numbers.error ?? members.error} />
      </div>
    </section>
  );
}

function Line({ of: number, members, locked }: { of: Sender; members: readonly Member[]; locked: boolean }) {
  const id = useId();
  const me = useSession().member.id;
  const queries = useQueryClient();
  const saved = number.owner_id === null ? EVERYBODY : String(number.owner_id);
  const [chosen, choose] = useState<string | null>(null);
  const giving = useMutation({
    mutationFn: (owner: number | null) => call<Sender>("PATCH", `/numbers/${number.number_id}`, { owner_id: owner, version: number.version }),
    onSettled: () => queries.invalidateQueries({ queryKey: numbersQuery.queryKey }),
    onSuccess: () => choose(null),
  });
  const wanted = chosen ?? saved;
  const to = members.find((one) => String(one.member_id) === wanted);
  const gone = number.owner_id !== null && !members.some((one) => one.member_id === number.owner_id);
  const choices = [
    { value: EVERYBODY, label: "Everybody's" },
    ...(gone ? [{ value: saved, label: `${number.owner ?? "Somebody"} (gone)` }] : []),
    ...members.map((one) => ({ value: String(one.member_id), label: one.member_id === me ? `${one.name} (you)` : one.name })),
  ];
  const forget = () => {
    giving.reset();
    choose(null);
  };
  return (
    <li>
      <div className={styles.number}>
        <span id={id}>
          <strong className="numeric">{formatNumber(number.address)}</strong>
          {number.label && <small>{number.label}</small>}
        </span>
        {locked ? (
          <span className={styles.whose}>{whoseNumber(number, me) ?? "Everybody's"}</span>
        ) : (
          <NativeSelect
            aria-label={`Whose ${formatNumber(number.address)} is`} className={styles.owner} data={choices} value={wanted} disabled={giving.isPending}
            onChange={(event) => {
              giving.reset();
              choose(event.currentTarget.value === saved ? null : event.currentTarget.value);
            }}
          />
        )}
      </div>
      {wanted !== saved && (
        <div className={styles.giving} role="group" aria-labelledby={id}>
          <p>{meaning(to, me)}</p>
          <Button variant="default" onClick={forget} disabled={giving.isPending}>
            Cancel
          </Button>
          <Button loading={giving.isPending} onClick={() => giving.mutate(to ? to.member_id : null)}>
            {to ? `Give to ${to.member_id === me ? "me" : to.name}` : "Give to everybody"}
          </Button>
        </div>
      )}
      <Failure brief error={giving.error} />
      <span role="status" className={giving.isSuccess && chosen === null ? styles.saved : "hush"}>
        {giving.isSuccess && chosen === null && (
          <>
            <Check size={15} aria-hidden="true" /> Saved
          </>
        )}
      </span>
    </li>
  );
}

function meaning(to: Member | undefined, me: number): string {
  if (!to) return "Everybody then sees its conversations, with all that was said in them.";
  const whom = to.member_id === me ? "you" : to.name;
  return `Its conversations, with all that was said in them before, are then seen by ${whom}, managers and owners alone.`;
}
