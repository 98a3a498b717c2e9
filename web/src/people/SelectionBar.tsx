// How many are selected, and what can be done with them. Whoever is not shown is meant only where the bar says so.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Download, MessageSquareText, Milestone, Tag as TagIcon, UserRound, X } from "lucide-react";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { Failure } from "../parts/Failure";
import { saveFile } from "../parts/saveFile";
import { exportCsv } from "./api";
import { EditMany, type What } from "./EditMany";
import { amount, people } from "./rows";
import { audienceOf, howMany, isEmpty, NOBODY, pageState, type Selection, type Spec } from "./selection";
import type { Contact } from "./types";
import styles from "./SelectionBar.module.css";

const BulkDialog = lazy(async () => ({ default: (await import("../bulk/BulkDialog")).BulkDialog }));

interface Props {
  selection: Selection;
  spec: Spec;
  total: number | null;
  loaded: readonly Contact[];
  onSelect: (selection: Selection) => void;
}

export function SelectionBar({ selection, spec, total, loaded, onSelect }: Props) {
  // One object for as long as it means the same people: a text to them is bound to it, and so is its cmd_id.
  const audience = useMemo(() => audienceOf(selection, spec), [selection, spec]);
  const [editing, edit] = useState<What | null>(null);
  const [said, say] = useState("");
  const [texting, text] = useState(false);
  const navigate = useNavigate();
  const exporting = useMutation({ mutationFn: () => exportCsv(audience), onSuccess: (file) => saveFile(file, "people.csv"), onError: (error) => say(error.message) });
  const count = howMany(selection, total);
  const shown = loaded.map((row) => row.contact_id);
  const more = selection.kind === "some" && pageState(selection, shown) === "all" && total !== null && total > shown.length;
  return (
    <>
      <p className="hush" role="status" data-testid="selection-said">
        {said}
      </p>
      {!isEmpty(selection) && (
        <section className={styles.bar} aria-label="Selected people">
          <p className={styles.count} role="status">
            <strong data-testid="selected">{selection.kind === "all" ? `All ${count === null ? "" : amount(count)} selected` : `${amount(count ?? 0)} selected`}</strong>
            {more && (
              <button type="button" onClick={() => onSelect({ kind: "all" })}>
                Select all {amount(total)}
              </button>
            )}
          </p>
          <div className={styles.acts}>
            <Act icon={MessageSquareText} label="Send SMS" main onClick={() => text(true)} />
            <Act icon={TagIcon} label="Tag" onClick={() => edit("tag")} />
            <Act icon={Milestone} label="Stage" onClick={() => edit("stage")} />
            <Act icon={UserRound} label="Owner" onClick={() => edit("owner")} />
            <Act icon={Download} label="Export" onClick={() => exporting.mutate()} busy={exporting.isPending} />
            <button type="button" className={styles.away} aria-label="Select nobody" onClick={() => onSelect(NOBODY)}>
              <X size={17} aria-hidden="true" />
            </button>
          </div>
          <Failure brief error={exporting.error} />
        </section>
      )}
      {texting && (
        <Suspense fallback={null}>
          <BulkDialog
            audience={audience}
            onDone={(id) => {
              text(false);
              if (id !== null) void navigate({ to: "/bulk/$bulkId", params: { bulkId: String(id) } });
            }}
          />
        </Suspense>
      )}
      {editing && (
        <EditMany
          what={editing} audience={audience} count={count} onClose={() => edit(null)}
          onDone={(changed) => {
            edit(null);
            say(`${people(changed)} changed`);
          }}
        />
      )}
    </>
  );
}

function Act({ icon: Icon, label, onClick, busy = false, main = false }: { icon: typeof MessageSquareText; label: string; onClick: () => void; busy?: boolean; main?: boolean }) {
  return (
    <Button size="sm" variant={main ? "filled" : "default"} className={styles.act} leftSection={<Icon size={16} aria-hidden="true" />} onClick={onClick} loading={busy}>
      {label}
    </Button>
  );
}
