// Writes one line into a number's record: an opt-in, a revocation, or the undoing of an opt-out, with its evidence.
import { Button, Modal, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../api";
import { present } from "../clock";
import { Failure } from "../parts/Failure";
import { useCommand } from "../parts/useCommand";
import { formatNumber } from "../text/people";
import { fullTime } from "../text/time";
import { channelsOf, consentApi, keepProof, localInput, PROOF_TYPES, WORDS, zoneHere, type Channel, type Consent, type Kind } from "./consent";
import styles from "./Consent.module.css";

interface Props {
  kind: Kind;
  consent: Consent;
  onClose: () => void;
  onDone: (next: Consent) => void;
  /** The contact's consent has changed since it was shown. */
  onStale: (present: Consent) => void;
}

export function EntryDialog({ kind, consent, onClose, onDone, onStale }: Props) {
  const words = WORDS[kind];
  const [seen] = useState(consent.epoch); // an undo speaks of what was on the screen, not of what came since
  const [form, setForm] = useState({ channel: "verbal" as Channel, statement: "", at: kind === "undo" ? "" : localInput(present()), url: "", note: "" });
  const [file, setFile] = useState<File | null>(null);
  const command = useCommand(); // pressed twice, or again after an answer was lost, it is one entry
  const writing = useMutation({
    mutationFn: async () => {
      const proof = file ? await keepProof(file) : null;
      const entry = {
        kind, channel: form.channel, statement: form.statement, at: form.at ? new Date(form.at).toISOString() : null, zone: zoneHere(),
        proof_id: proof?.proof_id ?? null, epoch: kind === "undo" ? seen : null, url: form.url.trim() || null, note: form.note.trim() || null,
      };
      return consentApi.record(consent.endpoint_id, { ...entry, cmd_id: command.idOf(entry) });
    },
    onSuccess: (next) => {
      onDone(next);
      onClose();
    },
    onError: (error) => {
      if (error instanceof Problem && error.status === 409 && error.more["consent"]) onStale(error.more["consent"] as Consent);
    },
  });
  const problem = writing.error;
  const field = problem instanceof Problem ? problem.field : null;
  const wrong = (name: string): string | null => (problem && field === name ? problem.message : null);
  const write = (name: "statement" | "at" | "url" | "note") => (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [name]: value }));
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={`${words.title}: ${formatNumber(consent.address)}`} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          writing.mutate();
        }}
      >
        <p className={styles.lead}>{words.lead}</p>
        {kind === "undo" && consent.said_no_at && <p className={styles.warn}>They last asked to stop on {fullTime(new Date(consent.said_no_at))}. Their new consent must be later.</p>}
        <NativeSelect label={words.how} data={channelsOf(kind)} data-autofocus value={form.channel} error={wrong("channel")} onChange={(event) => setForm({ ...form, channel: event.currentTarget.value as Channel })} />
        <Textarea label={words.said} autosize minRows={3} maxRows={10} maxLength={4000} value={form.statement} onChange={write("statement")} error={wrong("statement")} />
        <TextInput label={words.when} description="By your clock" type="datetime-local" step={kind === "undo" ? 1 : 60} value={form.at} onChange={write("at")} error={wrong("at")} />
        {form.channel === "form" && <TextInput label="Address of the form's page" type="url" placeholder="https://" value={form.url} onChange={write("url")} error={wrong("url")} maxLength={2000} />}
        <div className={styles.upload}>
          <label htmlFor="proof-file">File that shows it</label>
          <input id="proof-file" type="file" accept={PROOF_TYPES} aria-describedby="proof-hint" onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
          <p id="proof-hint">PDF, PNG, JPEG, text, CSV or an e-mail (.eml), at most 5 MB. {form.channel === "form" || form.channel === "written" ? "It may stand for the words." : ""}</p>
          <Failure brief error={wrong("proof_id") ?? wrong("name")} />
        </div>
        <TextInput label="Note" value={form.note} onChange={write("note")} maxLength={1000} error={wrong("note")} />
        <Failure brief error={field === null || field === "epoch" ? problem : null} />
        <div className={styles.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={writing.isPending} className={kind === "revoked" ? styles.danger : ""}>
            {words.button}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
