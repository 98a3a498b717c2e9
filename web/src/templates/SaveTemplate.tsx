// A text that was written for one becomes a template for many.
import { Button, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Problem } from "../api";
import { ownEscape } from "./escape";
import { Fields, useLook } from "./Fields";
import { Preview } from "./Preview";
import { add, forgetTemplates, renderedQuery, tokensQuery, type NewTemplate, type Recipient } from "./templates";
import { withTokens } from "./text";
import styles from "./SaveTemplate.module.css";

export function SaveTemplate({ text, recipient, onClose }: { text: string; recipient: Recipient; onClose: () => void }) {
  const queries = useQueryClient();
  const [value, setValue] = useState<NewTemplate>({ name: "", body: text, shared: true, folder_id: null });
  const [problem, setProblem] = useState<{ field: string | null; sentence: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const { rendered, faults } = useLook(value.body, recipient);
  const general = useGeneral(value.body, recipient);
  const change = (changes: Partial<NewTemplate>) => {
    setProblem(null);
    setValue((before) => ({ ...before, ...changes }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // the window around may be a form of its own
    setBusy(true);
    add(value)
      .then(() => {
        void forgetTemplates(queries);
        onClose();
      })
      .catch((error: unknown) => setProblem(error instanceof Problem ? { field: error.field, sentence: error.detail } : { field: null, sentence: String(error) }))
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={onClose} title="Save as template" size="lg" returnFocus={false} closeOnEscape={false} {...ownEscape(onClose)} closeButtonProps={{ "aria-label": "Close" }}>
      <form className={styles.form} onSubmit={submit} aria-label="New template">
        <Fields value={value} faults={faults} problem={problem} onChange={change} focusName />
        {general !== null && (
          <p className={styles.general}>
            This text names this contact.
            <button type="button" onClick={() => change({ body: general })}>
              Put fields in instead
            </button>
          </p>
        )}
        <section aria-label="Preview" className={styles.preview}>
          <Preview body={value.body} rendered={rendered} name="this contact" onPlain={null} />
        </section>
        <footer>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Save template
          </Button>
        </footer>
      </form>
    </Modal>
  );
}

/** The text with this contact's own values taken out, where it holds some. */
function useGeneral(body: string, recipient: Recipient): string | null {
  const tokens = useQuery(tokensQuery).data ?? [];
  const all = tokens.map((token) => `{{${token.name}}}`).join(" ");
  const values = useQuery({ ...renderedQuery(all, recipient), enabled: all !== "" }).data?.values ?? {};
  const general = withTokens(body, values);
  return general === body ? null : general;
}
