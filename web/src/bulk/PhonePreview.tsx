// How the text reads for each of them, one after the other, as on a telephone.
import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useState } from "react";
import { Avatar } from "../app/Avatar";
import { amount } from "../people/rows";
import { formatNumber } from "../text/people";
import { shownQuery, type Preview, type Shown, type Wording } from "./bulk";
import styles from "./PhonePreview.module.css";

export function PhonePreview({ wording, preview }: { wording: Wording; preview: Preview | undefined }) {
  const [at, go] = useState(0);
  const of = preview?.audience ?? 0;
  useEffect(() => {
    if (of > 0 && at >= of) go(0);
  }, [at, of]);
  const found = useQuery(shownQuery(wording, Math.min(at, Math.max(0, of - 1))));
  const shown = preview && of > 0 ? found.data : undefined;
  return (
    <section className={styles.preview} aria-label="Preview">
      <Phone shown={shown} empty={wording.body.trim() ? "" : "What you write shows up here as each of them will read it."} />
      <div className={styles.steps}>
        <ActionIcon variant="default" size={34} aria-label="Previous recipient" disabled={of < 2} onClick={() => go((at + of - 1) % of)}>
          <ChevronLeft size={18} />
        </ActionIcon>
        <p className="numeric" role="status">
          {of > 0 ? `${amount(at + 1)} of ${amount(of)}` : "\u00a0"}
        </p>
        <ActionIcon variant="default" size={34} aria-label="Next recipient" disabled={of < 2} onClick={() => go((at + 1) % of)}>
          <ChevronRight size={18} />
        </ActionIcon>
      </div>
      {preview && (
        <div className={styles.jumps}>
          {preview.longest !== null && preview.longest !== preview.shortest && <Jump label="Longest" to={preview.longest} at={at} go={go} />}
          {preview.shortest !== null && preview.longest !== preview.shortest && <Jump label="Shortest" to={preview.shortest} at={at} go={go} />}
          {preview.missing.length > 0 && <Jump label="Lacks a value" to={preview.missing.find((one) => one > at) ?? preview.missing[0] ?? 0} at={at} go={go} />}
        </div>
      )}
    </section>
  );
}

/** What one of them reads, and the fate of it. */
export type Read = Pick<Shown, "name" | "address" | "text" | "segments" | "missing" | "excluded" | "sentence">;

export function Phone({ shown, empty }: { shown: Read | undefined; empty: string }) {
  return (
    <div className={styles.phone}>
      <div className={styles.head}>
        {shown ? <Avatar name={shown.name} seed={shown.address ?? ""} size={24} /> : <span className={styles.nobody} />}
        <p data-testid="preview-name">{shown ? (shown.name ?? (shown.address ? formatNumber(shown.address) : "Unnamed")) : "\u00a0"}</p>
      </div>
      <div className={styles.screen} aria-live="polite">
        {shown ? <Bubble shown={shown} /> : <p className={styles.empty}>{empty}</p>}
      </div>
    </div>
  );
}

function Jump({ label, to, at, go }: { label: string; to: number; at: number; go: (at: number) => void }) {
  return (
    <button type="button" aria-pressed={at === to} onClick={() => go(to)}>
      {label}
    </button>
  );
}

function Bubble({ shown }: { shown: Read }) {
  return (
    <>
      <p className={styles.bubble} data-testid="preview-text" data-out={shown.excluded !== null || undefined}>
        {shown.text || "\u00a0"}
      </p>
      <p className={styles.fate} data-out={shown.excluded !== null || undefined}>
        {shown.excluded ? `Gets nothing: ${shown.sentence}${shown.missing.length > 0 ? ` (${shown.missing.join(", ")})` : ""}` : `${shown.segments} ${shown.segments === 1 ? "segment" : "segments"}`}
      </p>
    </>
  );
}
