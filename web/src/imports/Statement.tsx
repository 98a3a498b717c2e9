// The statement of consent: without it no list comes in. It stands in each number's ledger word by word.
import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import { Problem } from "../api";
import { useSession } from "../app/session";
import { present } from "../clock";
import { Failure } from "../parts/Failure";
import { importsApi, type ImportView } from "./api";
import { counted } from "./words";
import styles from "./ImportPage.module.css";

const dayOf = (at: Date): string => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;

/** Noon of that day here, but never later than now. */
function instantOf(day: string): string {
  const noon = new Date(`${day}T12:00:00`);
  return (noon > present() ? present() : noon).toISOString();
}

export function Statement({ view, onConfirmed }: { view: ImportView; onConfirmed: (view: ImportView) => void }) {
  const { member } = useSession();
  const [who, setWho] = useState("");
  const [day, setDay] = useState("");
  const [wording, setWording] = useState("");
  const confirming = useMutation({ mutationFn: () => importsApi.confirm(view.import_id, { who: who.trim(), at: instantOf(day), wording: wording.trim() }), onSuccess: onConfirmed });
  const at = confirming.error instanceof Problem ? confirming.error.field : null;
  const faultOf = (field: string) => (at === `consent.${field}` ? confirming.error?.message : undefined);
  const whole = who.trim().length >= 3 && day !== "" && wording.trim().length >= 10;
  return (
    <form
      className={styles.card} aria-labelledby="consent"
      onSubmit={(event) => {
        event.preventDefault();
        if (whole && !view.fault) confirming.mutate();
      }}
    >
      <h2 id="consent">Their consent</h2>
      <p className={styles.soft}>
        Texts may go only to people who agreed to get them. What you state here is kept with every number of this list, under your name ({member.name}). Who has opted out stays opted out.
      </p>
      <div className={styles.pair}>
        <TextInput label="Who gathered it, and how" placeholder="Dana, sign-in sheet at 12 Elm St" value={who} onChange={(event) => setWho(event.currentTarget.value)} error={faultOf("who")} maxLength={300} />
        <TextInput type="date" label="When, at the latest" value={day} max={dayOf(present())} onChange={(event) => setDay(event.currentTarget.value)} error={faultOf("at")} />
      </div>
      <Textarea
        label="The words that they agreed to" placeholder="I agree to get texts about listings from Harbor & Pine. Reply STOP to end." value={wording} onChange={(event) => setWording(event.currentTarget.value)}
        error={faultOf("wording")} maxLength={4000} rows={3}
      />
      {confirming.isError && (!at || !["consent.who", "consent.at", "consent.wording"].includes(at)) && <Failure brief error={confirming.error} />}
      <div className={styles.foot}>
        <Button type="submit" leftSection={<ShieldCheck size={16} aria-hidden="true" />} disabled={!whole || view.fault !== null} loading={confirming.isPending}>
          Import {counted(view.rows_total, "row")}
        </Button>
      </div>
    </form>
  );
}
