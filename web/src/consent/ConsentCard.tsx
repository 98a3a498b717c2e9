// How one number's consent stands, in words; its whole record; and what a member may write down in it.
import { Button, Tooltip } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, CircleCheck, CircleDashed, Download, FileText, ShieldQuestionMark } from "lucide-react";
import { useRef, useState } from "react";
import { Failure } from "../parts/Failure";
import { formatNumber } from "../text/people";
import { fullTime } from "../text/time";
import { consentApi, consentQuery, factsOf, forgetConsent, proofFile, sizeOf, wholeProof, type Consent, type Entry, type Kind, type Stand } from "./consent";
import { EntryDialog } from "./EntryDialog";
import styles from "./Consent.module.css";

const MARKS: Record<Stand, { icon: typeof Ban; words: string }> = {
  carrier_blocked: { icon: Ban, words: "Blocked by the carrier" },
  opted_out: { icon: Ban, words: "Opted out" },
  held: { icon: ShieldQuestionMark, words: "Needs review" },
  consented: { icon: CircleCheck, words: "Opted in" },
  none: { icon: CircleDashed, words: "No opt-in on record" },
};

interface Props {
  endpointId: number;
  /** Shows the record at once, not only on demand. */
  open?: boolean;
  /** After something was written down: what else shows it may be read anew. */
  onChanged?: () => void;
  /** A dialog of the card was opened, or closed: what the card itself stands in must not take its keys. */
  onDialog?: (opened: boolean) => void;
}

export function ConsentCard({ endpointId, open = false, onChanged, onDialog }: Props) {
  const found = useQuery(consentQuery(endpointId));
  if (found.isPending)
    return (
      <section className={styles.card} aria-busy="true" aria-label="Consent">
        <div className={`bone ${styles.bone}`} />
      </section>
    );
  if (!found.data)
    return (
      <section className={styles.card} aria-label="Consent">
        <Failure error={found.error} onAgain={() => void found.refetch()} />
      </section>
    );
  return <Known consent={found.data} open={open} onChanged={onChanged} onDialog={onDialog} />;
}

interface KnownProps {
  consent: Consent;
  open: boolean;
  onChanged: (() => void) | undefined;
  onDialog: ((opened: boolean) => void) | undefined;
}

function Known({ consent, open, onChanged, onDialog }: KnownProps) {
  const queries = useQueryClient();
  const [shown, show] = useState(open);
  const [asked, setAsked] = useState<Kind | null>(null);
  const opener = useRef<Element | null>(null);
  const card = useRef<HTMLElement>(null);
  const ask = (kind: Kind) => {
    opener.current = document.activeElement;
    setAsked(kind);
    onDialog?.(true);
  };
  const close = () => {
    setAsked(null);
    // what opened it may be gone: there is no revoking twice
    requestAnimationFrame(() => {
      const back = opener.current?.isConnected ? opener.current : card.current?.querySelector("button");
      if (back instanceof HTMLElement) back.focus();
      onDialog?.(false);
    });
  };
  const { icon: Icon, words } = MARKS[consent.state];
  const number = formatNumber(consent.address);
  const title = `consent-${consent.endpoint_id}`;
  const changed = (next: Consent) => {
    queries.setQueryData(consentQuery(consent.endpoint_id).queryKey, next);
    void forgetConsent(queries);
    onChanged?.();
  };
  return (
    <section ref={card} className={styles.card} aria-labelledby={title} data-state={consent.state}>
      <div className={styles.head}>
        <h2 id={title}>
          Consent <span className="numeric">{number}</span>
        </h2>
        <Tooltip label="Download the full proof">
          <a className={styles.icon} href={wholeProof(consent.endpoint_id)} download aria-label={`Download the full proof of ${number}`}>
            <Download size={17} strokeWidth={1.9} aria-hidden="true" />
          </a>
        </Tooltip>
      </div>
      <p className={styles.mark} data-state={consent.state}>
        <Icon size={15} strokeWidth={2.2} aria-hidden="true" />
        {words}
        {consent.consented_at && <time dateTime={consent.consented_at}>since {fullTime(new Date(consent.consented_at))}</time>}
      </p>
      <p className={styles.sentence}>{consent.sentence}</p>
      <div className={styles.acts}>
        {!consent.opted_out && (
          <Button size="xs" variant="default" onClick={() => ask("opted_in")}>
            Record consent
          </Button>
        )}
        {!consent.opted_out && (
          <Button size="xs" variant="default" className={styles.danger} onClick={() => ask("revoked")}>
            Revoke
          </Button>
        )}
        {consent.opted_out && !consent.carrier_blocked && (
          <Button size="xs" variant="default" onClick={() => ask("undo")}>
            Undo opt-out
          </Button>
        )}
        {!open && (
          <button type="button" className={styles.turn} aria-expanded={shown} onClick={() => show(!shown)}>
            {shown ? "Hide the record" : "Show the record"}
          </button>
        )}
      </div>
      {shown && <Ledger consent={consent} />}
      {asked && <EntryDialog kind={asked} consent={consent} onClose={close} onDone={changed} onStale={changed} />}
    </section>
  );
}

function Ledger({ consent }: { consent: Consent }) {
  const [older, setOlder] = useState<{ entries: Entry[]; next: number | null } | null>(null);
  const next = older ? older.next : consent.next_before;
  const more = useMutation({
    mutationFn: () => consentApi.older(consent.endpoint_id, next ?? 0),
    onSuccess: (page) => setOlder((before) => ({ entries: [...(before?.entries ?? []), ...page.entries], next: page.next_before })),
  });
  const known = new Set(consent.entries.map((entry) => entry.id));
  const entries = [...consent.entries, ...(older?.entries ?? []).filter((entry) => !known.has(entry.id))];
  if (entries.length === 0) return <p className={styles.sentence}>Nothing is on record for this number yet.</p>;
  return (
    <>
      <ol className={styles.ledger} aria-label="Record of consent, newest first">
        {entries.map((entry) => (
          <li key={entry.id} data-kind={entry.kind}>
            <Line entry={entry} />
          </li>
        ))}
      </ol>
      {next !== null && (
        <button type="button" className={styles.turn} disabled={more.isPending} onClick={() => more.mutate()}>
          {more.isError ? `${more.error.message} Try again` : "Show older lines"}
        </button>
      )}
    </>
  );
}

function Line({ entry }: { entry: Entry }) {
  const by = [entry.source_words, entry.recorded_by, entry.channel_words].filter(Boolean).join(" · ");
  return (
    <>
      <p className={styles.title}>
        <strong>{entry.title}</strong> <time dateTime={entry.at}>{fullTime(new Date(entry.at))}</time>
      </p>
      <p className={styles.by}>{by}</p>
      {entry.text && <blockquote>{entry.text}</blockquote>}
      {factsOf(entry).map((fact) => (
        <p key={fact.label} className={styles.by}>
          {fact.label}: {fact.value}
        </p>
      ))}
      {entry.proof && (
        <a className={styles.file} href={proofFile(entry.proof)} download title={`SHA-256 ${entry.proof.sha256}`}>
          <FileText size={14} aria-hidden="true" /> {entry.proof.name} <span>{sizeOf(entry.proof.size)}</span>
        </a>
      )}
    </>
  );
}
