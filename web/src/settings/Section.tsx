// One group of settings: what it is for, its fields, and the button that saves them together.
import { Button } from "@mantine/core";
import { Check } from "lucide-react";
import { useId, type ReactNode } from "react";
import { Failure } from "../parts/Failure";
import type { Draft } from "./useSection";
import styles from "./Settings.module.css";

interface Props {
  title: string;
  lead: ReactNode;
  draft: Draft;
  /** It can be read and not changed. */
  locked: boolean;
  /** Why it cannot be saved as it stands. */
  fault?: string | null;
  children: ReactNode;
}

export function Section({ title, lead, draft, locked, fault = null, children }: Props) {
  const id = useId();
  const named = draft.error && "field" in draft.error && draft.error.field !== null;
  return (
    <form
      className={styles.section} aria-labelledby={id}
      onSubmit={(event) => {
        event.preventDefault();
        if (draft.dirty && !fault && !locked) draft.save();
      }}
    >
      <div className={styles.about}>
        <h2 id={id}>{title}</h2>
        <p>{lead}</p>
      </div>
      <fieldset className={styles.fields} disabled={locked}>
        <legend className="hush">{title}</legend>
        {children}
        {!named && <Failure brief error={draft.error} />}
        {fault && <Failure brief error={fault} />}
        {!locked && (
          <div className={styles.foot}>
            <span className={styles.saved} role="status">
              {draft.saved && (
                <>
                  <Check size={15} aria-hidden="true" /> Saved
                </>
              )}
            </span>
            {draft.dirty && (
              <Button variant="default" onClick={draft.forget} disabled={draft.saving}>
                Discard
              </Button>
            )}
            <Button type="submit" loading={draft.saving} disabled={!draft.dirty || fault !== null}>
              Save
            </Button>
          </div>
        )}
      </fieldset>
    </form>
  );
}
